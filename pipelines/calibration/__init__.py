"""Calibrates a threshold: counts of scores, a stratified sample, and what decisions tell."""
