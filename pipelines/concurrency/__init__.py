"""Threads, processes, deadlines and timers. No module here depends on shards or samples."""
