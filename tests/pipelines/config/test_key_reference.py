"""Tests of the descriptions of the job file's keys, which `shardmill explain` shows."""

from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from ruamel.yaml import YAML

from filters import _Listed as ListedFilter
from inference import _Listed as ListedTask
from pipelines.config.job import Job
from pipelines.config.reference import Key, Section, look_up, sections
from pipelines.config.template import TEMPLATE
from schemas.errors import JobError

ROOT = Path(__file__).parents[3]


def paths(path: str) -> list[str]:
    return [entry.path for entry in look_up(path)]


def key(path: str) -> Key:
    found = look_up(path)[0]
    assert isinstance(found, Key)
    return found


def test_every_key_of_every_model_is_listed_once() -> None:
    models = [Job, *get_args(get_args(ListedFilter)[0]), *get_args(get_args(ListedTask)[0])]
    by_path = {section.path: section for section in sections()}
    assert len(by_path) == len(sections())
    for model in models:
        kind = model.model_fields.get("kind")
        found = [each for each in by_path if kind and each.endswith(f".{kind.default}")]
        path = min(found, key=len, default="")  # text_in_image lists some filters again
        wanted = [name for name in model.model_fields if name != "kind"]
        assert [each.name for each in by_path[path].keys] == wanted


def test_a_key_is_explained_in_plain_words() -> None:
    assert key("model.block_size") == Key(
        "model.block_size",
        "whole number or null",
        "1 to 65,536",
        "null",
        "Samples that the engine gets at a time; null: chosen by the memory.\n\n"
        "With smaller blocks the progress bar moves more often.",
    )


@pytest.mark.parametrize(
    ("path", "values", "default"),
    [
        ("input.shards", "text or list of text", "required"),
        ("input.on_bad_shard", "text: fail, salvage", "fail"),
        ("input.limits", "group", "{}"),
        ("runner", "group", "{kind: local}"),
        ("require_image_safety", "true or false", "false"),
        ("max_error_rate", "number: more than 0, at most 1", "0.5"),
        ("filters.image_quality.min_contrast", "number: 0 to 127.5", "2.0"),
        ("filters.text_quality.min_words", "whole number: 0 or more", "2"),
        ("filters.text_safety_model.max_tokens", "whole number: 16 or more", "512"),
        (
            "filters.image_format.formats",
            "list of text: at least one; jpeg, png, webp, gif, tiff, bmp, avif",
            "required",
        ),
        (
            "filters.toxicity_model.drop_at",
            "number or group of names, each with number: more than 0, at most 1",
            "0.8",
        ),
        (
            "filters.text_safety_rules.languages",
            "list of text: at least one; en, es, de, fr, pt, it, ru, zh, ja",
            "all",
        ),
        ("runner.ray.gpus_per_worker", "number: 0 or more", "0"),
        ("runner.ray.address", "text or null", "null"),
    ],
)
def test_values_and_defaults(path: str, values: str, default: str) -> None:
    assert (key(path).values, key(path).default) == (values, default)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("min_side", ["filters.image_size.min_side"]),
        ("image_size", ["filters.image_size"]),
        ("filters.0.min_side", ["filters.image_size.min_side"]),
        ("filters.image_size.0", ["filters.image_size"]),
        ("filters", ["filters", "filters"]),
        ("runner.block_seconds", ["runner.block_seconds"]),
        ("limits.max_pixels", ["input.limits.max_pixels"]),
        ("runner.workers", ["runner.local.workers", "runner.ray.workers", "runner.ray.workers"]),
        ("workers.min", ["runner.ray.workers.min"]),
    ],
)
def test_a_path_may_leave_out_its_kind_or_its_beginning(path: str, found: list[str]) -> None:
    assert paths(path) == found


def test_a_union_lists_its_kinds_and_the_keys_of_all() -> None:
    group = next(entry for entry in look_up("tasks") if isinstance(entry, Section))
    assert {kind.path for kind in group.kinds} >= {"tasks.caption", "tasks.segment"}
    names = [each.name for each in group.keys]
    assert names == ["logprobs"]  # max_new_tokens has a default for each kind
    runner = next(entry for entry in look_up("runner") if isinstance(entry, Section))
    assert [each.name for each in runner.keys][:2] == ["decode_threads", "block_seconds"]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("model.blocksize", "model.block_size"),
        ("filters.image_sizes", "filters.image_size"),
        ("filters.image_size.min_sides", "filters.image_size.min_side"),
        ("tasks.captoin", "tasks.caption"),
        ("carrry", "input.carry"),
        ("Model", "model"),
    ],
)
def test_a_typo_is_answered_with_what_may_be_meant(typo: str, meant: str) -> None:
    with pytest.raises(JobError, match=f"did you mean {meant}( or .*)?\\?$"):
        look_up(typo)


@pytest.mark.parametrize("path", ["zzzz", "0", ".", "..", "model.zzzz"])
def test_an_unknown_key_is_an_error(path: str) -> None:
    with pytest.raises(JobError, match=r"^explain: there is no key"):
        look_up(path)


@pytest.mark.parametrize("text", [TEMPLATE, (ROOT / "demo/job.yaml").read_text(encoding="utf-8")])
def test_an_editor_finds_no_mistake_in_a_valid_job(text: str) -> None:
    job = YAML(typ="safe", pure=True).load(text)
    jsonschema.validate(job, Job.model_json_schema())


def test_an_editor_finds_mistakes() -> None:
    job = YAML(typ="safe", pure=True).load(TEMPLATE)
    for path, wrong in (("input", {"shard": "a.tar"}), ("model", {"checkpoint": 1}), ("nam", "x")):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**job, path: wrong}, Job.model_json_schema())
