"""What the rest of Shardmill talks in: samples, verdicts, generations, reports and table schemas."""
