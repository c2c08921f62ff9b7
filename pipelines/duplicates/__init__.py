"""Near-duplicates of a corpus: the search for near hashes, and groups of the images they are of."""

MAX_DISTANCE = 40  # bits of 256, inclusive: the number of tables grows steeply beyond
