"""Near-duplicates of a corpus: the search for near hashes, and groups of the images they are of."""
