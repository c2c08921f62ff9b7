"""The pass over a unit: read, filter, decode, generate, parse, commit."""
