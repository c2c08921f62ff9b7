"""Rules about phrases, as data: patterns of words with examples beside them."""
