"""Runners: each distributes the units of a job to workers. The choice changes no output byte."""
