"""Metrics as the owners of the benchmarks compute them: pure functions of values, no files."""
