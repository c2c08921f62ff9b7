"""Runners make units happen; which one is the job's choice and changes no byte of the output."""
