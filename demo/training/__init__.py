"""Trains the demo's checkpoints on scenes that are drawn on demand."""
