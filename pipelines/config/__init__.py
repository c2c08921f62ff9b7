"""The job file: its fields, its YAML text, and the messages about its errors."""
