"""Finds the samples of an output again: rows, images, the recorded job and its filters."""
