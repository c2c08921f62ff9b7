"""Parts of `shardmill evaluate`, and the evaluations that a job asks for."""
