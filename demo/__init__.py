"""What `make demo` shows: scenes drawn by code, and a small checkpoint that was trained on them."""
