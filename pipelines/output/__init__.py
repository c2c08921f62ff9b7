"""An output folder: the names of its files, its listing, and its Parquet files."""
