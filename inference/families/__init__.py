"""Model families: what is particular to one kind of checkpoint."""
