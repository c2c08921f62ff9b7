"""Captions are checked phrase by phrase: wrong nouns are found, and removed words stay removed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from support.sample_data import described, job, write_shard

from demo.scenes import words
from demo.scenes.kinds import Kind
from demo.scenes.scenes import draw_scene
from filters import TextFilter
from filters.base import Judge
from pipelines.operations.run import run
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, redact

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "demo/checkpoint"
SCENES = 24


class Rejecting(TextFilter):
    """Drop texts of more than one word, or redact them: captions, but no nouns."""

    kind: str = "rejecting"
    redacts: bool = False

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        if "a " not in text:
            return keep({})
        return redact("a [X]", {"x": 1}) if self.redacts else drop("caption", {})


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / "output/a.parquet").to_pylist()
    return found


@pytest.fixture
def planted(tmp_path: Path) -> tuple[Path, list[tuple[str, set[str]]]]:
    """A shard of scenes; each caption names the scene's shapes and one that is not there."""
    members, captions = [], []
    for index in range(SCENES):
        scene = draw_scene(7, index, Kind.PLAIN)
        present = [thing.label for thing in scene.things]
        wrong = next(
            each for each in words.SHAPES[index % 6 :] + words.SHAPES if each not in present
        )
        caption = " and ".join(f"a {shape}" for shape in dict.fromkeys([*present, wrong]))
        members += [(f"{index:06}.jpg", scene.image), (f"{index:06}.txt", caption.encode())]
        captions.append((wrong, set(present)))
    write_shard(tmp_path / "shards/a.tar", members)
    return tmp_path, captions


def test_planted_wrong_nouns_are_found(planted: tuple[Path, list[tuple[str, set[str]]]]) -> None:
    folder, captions = planted
    given = {"shards": f"{folder}/shards/*.tar", "text": "txt"}
    tasks = {
        "check": {"kind": "grounded", "caption_field": "source_text"},
        "caption": {"kind": "caption", "max_new_tokens": 24},
        "own": {"kind": "grounded", "caption": "caption", "ask": "noun"},
    }
    run(job(folder, DEMO, input=given, tasks=tasks))
    wrong_found, right_found, rights, shares = 0, 0, 0, []
    for row, (wrong, present) in zip(rows(folder), captions, strict=True):
        found = {each["phrase"]: each for each in row["check"]["phrases"]}
        assert found.keys() == {wrong, *present}
        wrong_found += found[wrong]["found"]
        right_found += sum(found[each]["found"] for each in present)
        rights += len(present)
        assert all(bool(each["boxes"]) == each["found"] for each in found.values())
        share = sum(each["found"] for each in found.values()) / len(found)
        assert row["check"]["share"] == pytest.approx(share)
        assert row["own_info"]["status"] == "ok"
        shares.append(row["own"]["share"])
        assert {each["phrase"].split()[-1] for each in row["own"]["phrases"]} <= {*words.SHAPES}
    assert wrong_found <= 0.05 * SCENES, f"{wrong_found} of {SCENES} wrong nouns were found"
    assert right_found >= 0.95 * rights, f"{right_found} of {rights} right nouns were found"
    assert sum(shares) / SCENES >= 0.95, shares


@pytest.mark.parametrize("redacts", [False, True])
def test_nothing_of_a_caption_that_was_removed_is_stored(tmp_path: Path, redacts: bool) -> None:
    scene = draw_scene(7, 0, Kind.PLAIN)
    write_shard(tmp_path / "shards/a.tar", [("a.jpg", scene.image)])
    tasks = {
        "check": {"kind": "grounded", "caption": "caption", "ask": "noun"},
        "caption": {"kind": "caption", "max_new_tokens": 24},
    }
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": None}
    filters = [Rejecting(redacts=redacts, applies_to="generated")]
    run(job(tmp_path, DEMO, input=given, tasks=tasks, filters=filters))
    [row] = rows(tmp_path)
    assert row["check_info"]["raw"] is None
    if redacts:
        assert row["check_info"]["status"] == "redacted"
        assert {each["phrase"] for each in row["check"]["phrases"]} == {""}
    else:
        assert (row["check_info"]["status"], row["check"]) == ("dropped", None)


def test_what_has_no_caption_or_no_phrase(tmp_path: Path, checkpoint: Path) -> None:
    texts = [{"said": "of it"}, {"said": "a dog"}, {}]
    write_shard(tmp_path / "shards/a.tar", described(texts))
    tasks = {"check": {"kind": "grounded", "caption_field": "said", "max_new_tokens": 2}}
    given = {"shards": f"{tmp_path}/shards/*.tar", "text": None, "carry": ["json:said"]}
    run(job(tmp_path, checkpoint, input=given, tasks=tasks))
    first, second, third = rows(tmp_path)
    assert (first["check"], first["check_info"]["status"]) == ({"share": None, "phrases": []}, "ok")
    assert [each["phrase"] for each in second["check"]["phrases"]] == ["dog"]
    assert (third["check"], third["check_info"]["status"]) == (None, "skipped")


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({}, "exactly one of caption and caption_field"),
        ({"caption": "caption", "caption_field": "x"}, "exactly one of caption and caption_field"),
        (
            {"caption": "nothing"},
            r"tasks\.check\.caption: 'nothing' is no task.*known here: caption",
        ),
        ({"caption": "spanish"}, r"tasks\.check\.caption: 'spanish' is no task"),
        ({"caption_field": "x"}, "'x', which is not read"),
    ],
)
def test_a_caption_must_be_there(tmp_path: Path, keys: dict[str, str], named: str) -> None:
    tasks = {
        "caption": {"kind": "caption"},
        "spanish": {"kind": "caption", "language": "es"},
        "check": {"kind": "grounded", **keys},
    }
    with pytest.raises(ValidationError, match=named):
        job(tmp_path, tasks=tasks)
