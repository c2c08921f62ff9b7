"""Filters that judge texts, a file for each `kind`."""
