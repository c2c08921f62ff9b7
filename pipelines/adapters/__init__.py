"""Steps of the pass for pipelines of your own; docs/beam.md says what such a pipeline gives up."""
