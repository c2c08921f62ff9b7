"""The functions that `import shardmill` offers: jobs with a progress bar, and data in memory."""
