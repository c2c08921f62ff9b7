"""Filters that judge images, one file per `kind`, and the parts of the hash lists."""
