"""An output folder: the names of its files, what a listing shows, and its Parquet files."""
