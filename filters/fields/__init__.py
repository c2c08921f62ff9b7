"""Filters that judge texts, one file per `kind`."""
