"""Scores answers against references: metrics, their intervals, and comparisons of two outputs."""
