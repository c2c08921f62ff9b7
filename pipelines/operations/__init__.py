"""One module per command: what it does, without a terminal."""
