"""Reads values of an output's job.record back into their models."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from filters.own_class import FAULT
from schemas.errors import JobError
from schemas.recorded import RECORDED

Model = TypeVar("Model")


def read_recorded(model: TypeAdapter[Model], record: Mapping[str, Any], message: str) -> Model:
    """Validate a recorded value like a job file's; raise JobError(message) if it is invalid.

    Keys without effect are allowed, because earlier versions allowed them in job files.

    A valid record can become invalid: another version wrote it, or it holds a user's own filter or
    task.
    """
    try:
        return model.validate_json(json.dumps(record), strict=True, context=RECORDED)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            if fault["type"] == FAULT:
                raise JobError(f"the job that began the output: {fault['msg']}") from None
        raise JobError(message) from None
