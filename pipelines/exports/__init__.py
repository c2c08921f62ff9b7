"""Rows of an output in other formats: splits, shuffling, the files of an export, its folder.

`pipelines/operations/export.py` reads the rows and drives the rest. A format is a module here,
and a line in `formats.py`.
"""
