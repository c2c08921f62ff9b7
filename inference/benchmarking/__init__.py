"""Measures an engine against the roofline of its device."""
