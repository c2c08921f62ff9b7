"""Beam's --setup_file asks for this file; everything it could say stands in pyproject.toml."""

from setuptools import setup

setup()
