"""What `make demo` shows: scenes drawn by code, a small checkpoint, and a job over them."""
