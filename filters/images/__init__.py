"""Filters that judge images, a file for each `kind`."""
