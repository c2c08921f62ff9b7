"""Parts of `shardmill calibrate`: scores, decisions and the page."""
