"""Filters that judge a carried column, one file per `kind`."""
