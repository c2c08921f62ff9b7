"""Records may have keys without effect, which job files once could have; job files may not."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from inference import AnyTask, Model
from pipelines.config.input import Input
from pipelines.config.recorded import read_recorded

SHARDS = {"shards": "a.tar", "text": None}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Input, {**SHARDS, "min_decoded_rows": 0.3}),
        (Input, {**SHARDS, "limits": {"max_images": 3}}),
        (Model, {"checkpoint": "c", "adapter_revision": "v1"}),
        (AnyTask, {"kind": "caption", "region_field": "box", "region": "tokens", "language": "de"}),
        (AnyTask, {"kind": "vqa", "question": "?", "choices": ["a", "b"], "format": "number"}),
        (
            AnyTask,
            {
                **{"kind": "vqa", "question": "?", "choices": ["a", "b"]},
                **{"choose_by": "likelihood", "max_new_tokens": 7},
            },
        ),
    ],
)
def test_keys_without_effect(kind: Any, value: dict[str, Any]) -> None:
    adapter = TypeAdapter[Any](kind)
    with pytest.raises(ValidationError):
        adapter.validate_python(value)
    assert read_recorded(adapter, value, "is damaged")
