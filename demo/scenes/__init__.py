"""Scenes drawn by code: what they show, their texts, and the shards they are packed in."""
