"""Parts of `shardmill forget`: the list, and the files that are written anew."""
