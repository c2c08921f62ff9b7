"""Near-duplicates of a corpus: the search for near hashes, and groups of images and videos."""

MAX_DISTANCE = 40  # bits of 256, inclusive: the number of tables grows steeply beyond
