"""Parts of `shardmill export`: the plan, the rows and their original images."""
