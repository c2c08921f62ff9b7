"""Rows on their way to the output: one per sample."""
