"""Finds personal data with the recognizers of presidio-analyzer, which is an optional package."""
