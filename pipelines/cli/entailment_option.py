"""Reads the option `--entailment`: the name of a model, or its settings in YAML."""

from pydantic import ValidationError

from pipelines.config.evaluation import Entailment
from pipelines.config.validation_errors import first_fault
from pipelines.config.yaml_text import parse_yaml
from schemas.errors import JobError


def read_entailment(text: str) -> Entailment:
    """Return the settings; raise JobError if they are wrong."""
    data = parse_yaml(text, "--entailment") if text.lstrip().startswith("{") else text
    try:
        return Entailment.model_validate(data)
    except ValidationError as error:
        raise JobError(f"--entailment: {first_fault(error, data, Entailment)}") from None
