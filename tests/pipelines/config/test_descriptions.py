"""Tests that every setting and every number of a report is described, by one docstring."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest

from pipelines.config.job import Job
from schemas.field_descriptions import field_descriptions
from schemas.frozen import Frozen

for name in ("canary", "run", "status", "verify"):  # which import all other models
    import_module(f"pipelines.operations.{name}")

PACKAGES = ("filters", "inference", "pipelines", "schemas")


def models(base: type[Frozen] = Frozen) -> Iterator[type[Frozen]]:
    for model in base.__subclasses__():
        if model.__module__.partition(".")[0] in PACKAGES:
            yield model
        yield from models(model)


@pytest.mark.parametrize("model", sorted(set(models()), key=lambda m: m.__qualname__))
def test_every_field_has_a_description_of_whole_sentences(model: type[Frozen]) -> None:
    descriptions = field_descriptions(model)
    for name in model.model_fields:
        description = descriptions.get(name, "")
        assert re.match(r"[A-Z`0-9].*\.$", description, re.DOTALL), f"{model.__name__}.{name}"
        assert "None" not in description, f"{model.__name__}.{name}: the job file says null"


def test_the_schema_describes_every_key_of_the_job_file() -> None:
    schema = Job.model_json_schema()
    for model in [schema, *schema["$defs"].values()]:
        for key, content in model.get("properties", {}).items():
            referred = schema["$defs"].get(content.get("$ref", "").rpartition("/")[2], {})
            assert {**referred, **content}.get("description"), f"{model['title']}.{key}"
