"""What Shardmill talks in: samples, verdicts, generations, reports and table schemas."""
