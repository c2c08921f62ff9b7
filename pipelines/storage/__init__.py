"""Where files are read and written."""
