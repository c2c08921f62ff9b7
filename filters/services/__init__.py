"""What filters share that ask a service: its settings, its requests, and their faults."""
