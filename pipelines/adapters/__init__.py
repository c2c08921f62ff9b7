"""Parts of the pass for pipelines of your own; what they give up, docs/beam.md says."""
