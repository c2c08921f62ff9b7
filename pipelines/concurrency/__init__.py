"""Threads, processes, deadlines and timers; nothing here knows of shards."""
