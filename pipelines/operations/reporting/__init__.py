"""Parts of `shardmill report`: rows, runs, costs and failed shards."""
