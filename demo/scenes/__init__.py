"""Generated scenes: their images, texts, ground truth and shards."""
