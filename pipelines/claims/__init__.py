"""Claims: how any number of runs share the units of one output, with nothing but its storage."""
