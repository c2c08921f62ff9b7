"""Drift: whether the answers of later units differ from those of the first ones."""
