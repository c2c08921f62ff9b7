"""Valid job files are read; every invalid one is refused in one line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.sample_data import job

from filters import ImageSize, TextQuality
from inference import Caption, Detect
from pipelines.config.job import Job
from schemas.errors import JobError

LEAST = """
name: recap
input: {shards: "data/{00000..00003}.tar"}
model: {checkpoint: google/paligemma2-3b-mix-224}
tasks:
  caption: {kind: caption}
output: out
"""


def message(text: str, *settings: str) -> str:
    with pytest.raises(JobError) as caught:
        Job.parse(text, "job.yaml", settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_defaults() -> None:
    least = Job.parse(LEAST)
    assert least.input.text == "txt"
    assert (least.input.carry, least.input.decode) == ((), "exact")
    assert least.input.max_samples_per_file == 10_000
    assert least.input.limits.max_pixels == 100_000_000
    assert least.filters == ()
    assert least.tasks == {"caption": Caption(language="en", max_new_tokens=64)}
    assert (least.model.revision, least.model.precision) == ("main", "bfloat16")
    assert (least.model.engine, least.model.block_size) == ("fast", None)
    assert (least.runner.kind, least.runner.decode_threads) == ("local", None)
    assert least.input.patterns() == ("data/{00000..00003}.tar",)


def test_everything_that_can_be_said() -> None:
    text = """
        name: recap-2026.v1
        input:
          shards: [a.tar, "b/*.tar"]
          text: json:caption
          carry: [json:meta.url, txt]
          max_samples_per_file: 10
          decode: reduced
          limits: {max_pixels: 100_000_000, max_image_bytes: 5, max_text_characters: 6}
        filters:
          - {kind: image_size, min_side: 64, max_aspect: 2}
          - {kind: text_quality, applies_to: both}
        model: {checkpoint: m, precision: float32, device: cpu, block_size: 8, batch_size: 4}
        tasks:
          objects: {kind: detect, labels: [person, car]}
          answer: {kind: vqa, question_field: source_text, language: no}
        output: /out
        runner: {kind: local, decode_threads: 3}
    """
    said = Job.parse(text)
    assert said.input.patterns() == ("a.tar", "b/*.tar")
    assert said.input.carried() == {"url": "json:meta.url", "txt": "txt"}
    assert said.filters == (
        ImageSize(min_side=64, max_aspect=2.0),
        TextQuality(applies_to="both"),
    )
    assert said.tasks["objects"] == Detect(labels=("person", "car"))
    assert said.tasks["answer"].text_language == "no"
    assert said.input.limits.max_pixels == 100_000_000
    assert said.runner.decode_threads == 3


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: recap", "nam: recap", "nam: unknown key: did you mean 'name'? (and 1 more)"),
        ("name: recap", "name: a b", "name: use letters, digits"),
        ("name: recap", "name: 2026", "name: must be text (got 2026)"),
        ("name: recap", "name: 2026-01-31", "dates and the like are not job values"),
        ("name: recap", "name: 2026-13-45", "holds a date or number that is none"),
        ("name: recap", "name: &x [*x]", "it contains itself"),
        ("name: recap", "name: recap\nname: again", "line 3: 'name' stands twice"),
        ("name: recap", "name: [recap", "not YAML: "),
        ("name: recap", "name: \x07", "not YAML: the character #x0007 in it"),
        ("name: recap", "name: !!python/object x", "line 2: not YAML: could not determine"),
        ("output: out", 'output: ""', "output: must not be empty"),
        (
            "output: out",
            "outputs: out",
            "outputs: unknown key: did you mean 'output'? (and 1 more)",
        ),
        ("output: out", "output: out\nruner: {}", "runer: unknown key: did you mean 'runner'?"),
        ("output: out", "output: out\nzzz: 1", "zzz: unknown key: remove it"),
        (
            "output: out",
            "output: out\nfilters: [{kind: image_size, applies_to: both}]",
            "filters[0].applies_to: there is no such key",
        ),
        (
            "output: out",
            "output: out\nfilters: [{kind: personal_data_model, model: m, labels: {PER: a name}}]",
            "filters[0].labels.PER: an infotype is capitals, digits and '_', such as PERSON_NAME",
        ),
        (
            "output: out",
            "output: out\nfilters: [{kind: sise}]",
            "filters[0]: there is no kind 'sise': take",
        ),
        (
            "output: out",
            "output: out\nfilters: [{kind: zz}]",
            "more: `shardmill explain filters` explains them",
        ),
        ("output: out", "output: out\nfilters: [{}]", "filters[0]: its kind is missing"),
        (
            "output: out",
            "output: out\nfilters: [{kind: personal_data, infotypes: [PHONE]}]",
            "filters[0].infotypes[0]: is none of the 16 values that `shardmill explain infotypes` "
            "lists (got 'PHONE'): did you mean 'PHONE_NUMBER'?",
        ),
        (
            "output: out",
            "output: out\nfilters: [{kind: language, languages: [eng]}]",
            "filters[0].languages: 'eng' is none of the ISO 639 codes that are known: did you mean "
            "'en'?",
        ),
        (
            "output: out",
            "output: out\nfilters: [{kind: image_size}, {kind: image_size, min_sid: 3}]",
            "filters[1].min_sid: unknown key: did you mean 'min_side'?",
        ),
        (
            "output: out",
            'output: out\nfilters: [{kind: image_size, min_side: "3"}]',
            "filters[0].min_side: must be a whole number (got '3')",
        ),
        (
            "output: out",
            "output: out\nfilters: [{kind: image_size, min_side: true}]",
            "filters[0].min_side: must be a whole number (got True)",
        ),
        (
            "output: out",
            "output: out\nfilters: [{kind: image_size, max_aspect: .inf}]",
            "filters[0].max_aspect: must be a finite number",
        ),
        (
            "output: out",
            "output: out\nrunner: {kind: rey}",
            "runner: there is no kind 'rey': did you mean 'ray'?",
        ),
        (
            "output: out",
            "output: out\nrunner: {kind: ray, workers: {min: 3, max: 2}}",
            "runner.workers: min is more than max",
        ),
        (
            "output: out",
            "output: out\nrunner: {kind: ray, gpus_per_worker: 1.5}",
            "runner.gpus_per_worker: more than 1 must be a whole number (got 1.5)",
        ),
        ("output: out", "output: out\nrunner: {gpus_per_worker: 0}", "runner.gpus_per_worker: "),
        ("output: out", "output: out\nrunner: {decode_threads: 0}", "runner.decode_threads: "),
        ("output: out", "output: out\nrunner: {decode_threads: 1025}", "runner.decode_threads: "),
        ("output: out", "output: out\nrunner: {workers: 1025}", "runner.workers: "),
        ("output: out", "output: out\nrunner: {block_seconds: 1.0e+300}", "runner.block_seconds: "),
        (
            "input: {",
            "input: {limits: {max_decode_seconds: 1.0e-300}, ",
            "limits.max_decode_seconds",
        ),
        ("input: {shards: ", "input: {shards: [], x: ", "input.shards: name at least one shard"),
        ("input: {shards: ", 'input: {shards: "", x: ', "input.shards: name at least one shard"),
        ("input: {", "input: {text: .jpg, ", "input.text: '.jpg' is neither an extension"),
        ("input: {", 'input: {text: "cls:", ', "input.text: 'cls:' is neither"),
        ("input: {", "input: {carry: [a b], ", "input.carry: 'a b' cannot name a column"),
        ("input: {", "input: {carry: url, ", "input.carry: "),
        (
            "input: {",
            "input: {carry: [{a: 'json:b'}], ",
            "input.carry[0]: must be text: to name columns, write a mapping in place of the list",
        ),
        ("input: {", "input: {decode: fast, ", "input.decode: must be 'exact' or"),
        ("input: {", "input: {limits: {max_pixels: 0}, ", "input.limits.max_pixels: "),
        ("input: {", "input: {limits: {pixels: 1}, ", "input.limits.pixels: unknown key"),
        ("input: {", "input: {max_samples_per_file: 1.5, ", "input.max_samples_per_file: "),
        ("input: {", "input: {carry: [json:key], ", "input.carry: the column 'key' is taken"),
        ("input: {", "input: {carry: [json:a.u, json:b.u], ", "input.carry: two fields would"),
        ("input: {", "input: {carry: [json:a-b], ", "input.carry: 'a-b' cannot name a column"),
        ("input: {", "input: {carry: [json:caption], ", "tasks: the column 'caption' is taken"),
        ("  caption: {kind: caption}", "  {}", "tasks: "),
        ("caption: {kind: caption}", "caption: {kind: capton}", "tasks.caption: there is no kind"),
        ("caption: {kind: caption}", "caption: {kind: caption, language: 1}", "tasks.caption."),
        ("caption: {kind: caption}", "status: {kind: caption}", "tasks: the column 'status'"),
        ("caption: {kind: caption}", "1: {kind: caption}", "tasks: '1' cannot name a column"),
        (
            "caption: {kind: caption}",
            "caption: {kind: vqa, question_field: url}",
            "tasks.caption: reads 'url', which is not read from the shards: add it to input.carry "
            "(known here: source_text)",
        ),
        ("caption: {kind: caption}", "caption: {kind: vqa}", "tasks.caption: give exactly one of"),
        (
            "caption: {kind: caption}",
            "caption: {kind: vqa, question: a, format: choice}",
            "(got 'choice'): write choices: [...], a key of its own, instead",
        ),
        (
            "caption: {kind: caption}",
            "caption: {kind: vqa, question: a, format: number, choices: [one, two]}",
            "tasks.caption: format: number and choices exclude each other",
        ),
        (
            "caption: {kind: caption}",
            "caption: {kind: caption, language: de, region: tokens, region_field: source_text}",
            "tasks.caption: language: de: captions of regions that tokens name are in English",
        ),
        ("input: {", "input: {min_decoded_rows: 0.5, ", "input: min_decoded_rows: write trunc"),
        ("input: {", "input: {limits: {max_images: 4}, ", "input: limits.max_images: is for a"),
        ("checkpoint: ", "adapter_revision: v2, checkpoint: ", "model: adapter_revision: is of"),
    ],
)
def test_errors_name_the_field_in_one_line(old: str, new: str, expected: str) -> None:
    assert old in LEAST
    found = message(LEAST.replace(old, new))
    assert expected in found
    assert found.startswith("job.yaml: ")


@pytest.mark.parametrize("text", ["just text", "- a\n- b", "3"])
def test_what_is_no_job_file(text: str) -> None:
    assert "is not a job file" in message(text)


@pytest.mark.parametrize("text", ["", "~", "# a comment"])
def test_an_empty_job_file(text: str) -> None:
    assert "is empty" in message(text)


@given(st.text(st.sampled_from("ab:{}[]&*!|>-?'\"%@#,\n \t0123456789.~<\x00\ud800"), max_size=30))
def test_any_text_is_a_job_or_a_job_error(text: str) -> None:
    message(text)


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("model.block_size=64", ("model", "block_size"), 64),
        ("name=other", ("name",), "other"),
        ("runner.decode_threads=2", ("runner", "decode_threads"), 2),
        ("input.shards=a=b/{0..9}.tar", ("input", "shards"), "a=b/{0..9}.tar"),
        ("input.shards=[a.tar, b.tar]", ("input", "shards"), ("a.tar", "b.tar")),
        ("input.text=null", ("input", "text"), None),
        ("input.limits.max_pixels=9", ("input", "limits", "max_pixels"), 9),
        ("tasks.caption.language=no", ("tasks", "caption", "language"), "no"),
        ("filters=[{kind: image_size}]", ("filters",), (ImageSize(),)),
    ],
)
def test_settings_change_the_job(setting: str, path: tuple[str, ...], value: object) -> None:
    place: Any = Job.parse(LEAST, settings=[setting])
    for key in path:
        place = place[key] if isinstance(place, dict) else getattr(place, key)
    assert place == value


def test_settings_reach_into_lists_one_after_another() -> None:
    changed = Job.parse(
        LEAST, settings=["filters=[{kind: image_size}]", "filters.0.min_side=7", "name=last"]
    )
    assert changed.filters == (ImageSize(min_side=7),)
    assert changed.name == "last"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("model.block_size", "--set model.block_size: write path=value"),
        ("=3", "--set =3: write path=value"),
        ("filters.0.min_side=3", "there is no '0' in the job file"),
        ("name.first=3", "there is no 'first' in the job file"),
        ("name.first.letter=3", "there is no 'first' in the job file"),
        ("model.block_size=[", "--set model.block_size: line 1: not YAML"),
        ("model.block=3", "model.block: unknown key"),
        ('model.block_size="3"', "model.block_size: must be a whole number (got '3')"),
    ],
)
def test_settings_that_cannot_be_made(setting: str, expected: str) -> None:
    text = LEAST + "filters: []\n"
    assert expected in message(text, setting)


def test_files_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(LEAST.replace("recap", "récap").replace("récap", "recap  # récap"), "utf-8")
    assert Job.load(path, ["name=other"]).name == "other"


def test_files_that_cannot_be_loaded_are_named(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    with pytest.raises(JobError, match=r"job.yaml: cannot be read: No such file"):
        Job.load(path)
    path.write_bytes(b"name: \xff")
    with pytest.raises(JobError, match=r"job.yaml: is not UTF-8 text"):
        Job.load(path)


def test_a_job_is_frozen_and_knows_its_fields_from_python_too(tmp_path: Path) -> None:
    made = job(tmp_path)
    with pytest.raises(ValidationError):
        made.name = "other"
    with pytest.raises(ValidationError, match="no_such_key"):
        job(tmp_path, no_such_key=1)


def test_a_job_survives_json(tmp_path: Path) -> None:
    made = job(
        tmp_path,
        filters=[ImageSize(min_side=3)],
        tasks={"objects": Detect(labels=("a", "b")), "caption": Caption(language="de")},
    )
    again = Job.model_validate_json(made.model_dump_json(), strict=True)
    assert again == made
    assert list(again.tasks) == ["objects", "caption"]
