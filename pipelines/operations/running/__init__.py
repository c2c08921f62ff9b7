"""Parts of `shardmill run`: what it counts, watches and advises."""
