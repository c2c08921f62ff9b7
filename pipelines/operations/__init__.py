"""Commands, without a terminal: one module each. Folders hold the parts of one command."""
