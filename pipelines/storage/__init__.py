"""Storage: the places from which shards are read and to which outputs are written."""
