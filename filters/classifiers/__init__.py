"""Classifier models: loading, class labels and thresholds."""
