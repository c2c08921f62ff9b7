"""One file per command; nothing here writes to a terminal."""
