"""How the demo's checkpoints are trained, from scenes that are drawn as they are needed."""
