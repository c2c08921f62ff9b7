"""The numbers of a run while it is at work, and their export to monitoring systems."""
