"""Scores a checkpoint on scenes that it was not trained on."""
