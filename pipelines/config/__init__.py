"""The job file: its fields, its YAML text and its errors."""
