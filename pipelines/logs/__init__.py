"""What a process tells on stderr: text for people, or one JSON object a line for programs."""
