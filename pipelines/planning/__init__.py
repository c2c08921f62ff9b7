"""Plans a job: lists its units, resolves its defaults, compares it with an existing output."""
