"""The fast engine's own vision and text towers, over transformers' weights."""
