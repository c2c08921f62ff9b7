"""The demo of `make demo`: generated scenes, and a small checkpoint trained on them."""
