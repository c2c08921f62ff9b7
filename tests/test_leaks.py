"""Tests that planted personal values never leak; without the filter, a search finds all of them."""

import itertools
import json
import logging
import re
import tarfile
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import pyarrow.parquet as pq
import pytest
from PIL import Image
from rich.console import Console
from support.command_line import call
from support.sample_data import Member, jpeg, write_shard

from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene, draw_scene
from filters import Filter, ImageFilter, ImageSize, PersonalData
from filters.base import Judge
from pipelines.config.job import Job
from pipelines.display.row_panel import row_panel
from pipelines.display.run_log import RunLog
from pipelines.logs.configuration import configured
from pipelines.operations.inspect import select
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, indeterminate, keep

ROOT = Path(__file__).parents[1]
# One value for each type with a checksum or a distinct format; none belongs to a real person.
VALUES = {
    "EMAIL_ADDRESS": "quentin.vasseur@posteo.example",
    "US_SOCIAL_SECURITY_NUMBER": "536-22-8412",
    "CREDIT_CARD_NUMBER": "4556737586899855",
    "IBAN_CODE": "DE44500105175407324931",
    "PHONE_NUMBER": "+1 415-555-2671",
    "IP_ADDRESS": "203.0.113.77",
    "MAC_ADDRESS": "3c:22:fb:9a:41:07",
    "AWS_CREDENTIALS": "AKIAQYLPMN5HHHFPZAM2",
}
_SEPARATORS = re.compile(r"[\s.:\-+()]")
FATES = ("kept", "dropped", "quarantined", "invalid")


class Fickle(ImageFilter):
    """Quarantines images that are 77 pixels wide as indeterminate."""

    reads: ClassVar[Literal["bytes", "header", "frames"]] = "header"
    kind: str = "fickle"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [indeterminate("too_odd") if item.width == 77 else keep() for item in items]


def image(fate: str, value: str) -> bytes:
    """Return an image that leads to this status, with the value in its EXIF data."""
    exif = Image.Exif()
    exif[0x010E] = f"taken by {value}"  # ImageDescription
    width = {"kept": 80, "dropped": 20, "quarantined": 77, "invalid": 80}[fate]
    data = jpeg(width, 60, exif=exif)
    return data[:-300] if fate == "invalid" else data


def members(fate: str, value: str) -> Iterator[Member]:
    """Yield samples with the value in the text, in a note, in a URL, and in the key."""
    sentence = f"write to {value} today"
    texts = {
        "text": ("text", f"a red star, {sentence}", "", ""),
        "note": ("note", "a red star", sentence, ""),
        "url": ("url", "a red star", "", f"https://example.com/{value}/a.jpg"),
        "key": (f"{value}/key", "a red star", "", ""),
    }
    for key, text, note, url in texts.values():
        name = f"{fate}/{key}"
        yield f"{name}.jpg", image(fate, value)
        yield f"{name}.txt", text.encode()
        yield f"{name}.json", json.dumps({"note": note, "url": url}).encode()


def scenes(number: int) -> list[Scene]:
    """Draw scenes whose only personal value is an address printed in the picture."""
    candidates = (draw_scene(3, index) for index in itertools.count())
    return list(
        itertools.islice((s for s in candidates if s.kind == Kind.PERSONAL_PICTURE), number)
    )


PRINTED = scenes(4)


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    planted = [m for value in VALUES.values() for fate in FATES for m in members(fate, value)]
    for n, scene in enumerate(PRINTED):
        planted += [(f"{n}.jpg", scene.image), (f"{n}.txt", b"a star"), (f"{n}.json", b"{}")]
    return write_shard(tmp_path_factory.mktemp("leaks") / "shards/planted.tar", planted)


def annotated(shard: Path, output: Path, filters: Sequence[Filter], **keys: object) -> Job:
    leak_job = Job.model_validate(
        {
            "name": "leaks",
            "input": {"shards": str(shard), "carry": ["json:note", "json:url"]},
            "filters": [*filters, ImageSize(min_side=40), {"kind": f"{__name__}:Fickle"}],
            "model": {
                "checkpoint": str(ROOT / "demo/checkpoint"),
                "precision": "float32",
                "device": "cpu",
            },
            "tasks": {
                "ocr": {"kind": "ocr", "max_new_tokens": 12},
                "echo": {"kind": "prompt", "text_field": "source_text", "max_new_tokens": 4},
            },
            "output": str(output),
            **keys,
        }
    )
    with RunLog() as shown:
        run(
            leak_job,
            on_plan=shown.on_plan,
            on_progress=shown.on_progress,
            on_report=shown.on_report,
            on_warning=shown.on_warning,
        )
    return leak_job


def everything(output: Path) -> str:
    """Return all text of an output: names, bytes, columns, footers, statistics, reports."""
    parts: list[object] = []
    for path in sorted(output.rglob("*")):
        parts.append(str(path))
        if path.is_file():
            parts.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            file = pq.ParquetFile(path)
            parts += [file.read().to_pylist(), str(file.metadata.metadata)]
            groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
            parts += [
                group.column(n).statistics for group in groups for n in range(group.num_columns)
            ]
    return json.dumps(parts, default=str, ensure_ascii=False)


def reviewed(output: Path) -> str:
    """Return all text of a page with the quarantined samples, and what the command prints."""
    page = output.with_suffix(".html")
    printed = call("review", output, "--to", page)
    text = page.read_text(encoding="utf-8")
    pictures = re.findall(r'class="picture">"([^"]+)"', text)
    assert len(pictures) == 4 * len(VALUES)
    decoded = [b64decode(each).decode("latin-1") for each in pictures]
    return "\n".join([printed.output, text, *decoded])


def origins(output: Path) -> str:
    """Return what `whence` prints about every row."""
    file = output / "planted.parquet"
    printed = [
        call("whence", file, row, *as_json).output
        for row in range(pq.read_metadata(file).num_rows)
        for as_json in ([], ["--json"])
    ]
    return "\n".join(printed)


def described(output: Path) -> str:
    """Return all documents of a dossier, and what the command prints."""
    folder = output.with_name(f"{output.name}-card")
    printed = call("card", output)
    return printed.output + "".join(each.read_text("utf-8") for each in folder.iterdir())


def reported(output: Path) -> str:
    """Return all text of a report page with every kept sample, and of the numbers as JSON."""
    page = output.with_name(f"{output.name}-report.html")
    printed = call("report", output, "--to", page, "-n", 200)
    numbers = call("report", output, "--json")
    text = page.read_text(encoding="utf-8")
    decoded = [
        b64decode(each).decode("latin-1") for each in re.findall(r"webp;base64,([^\"]+)", text)
    ]
    assert text.count("<li>\n<h3>") == 4 * len(VALUES) + len(PRINTED)
    return "\n".join([printed.output, numbers.output, text, *decoded])


def forgotten(output: Path) -> str:
    """Erase all kept samples, and return what the command prints."""
    kept = pq.read_table(output / "planted.parquet", columns=["sha256"])["sha256"].drop_null()
    listed = output.with_name("list.txt")
    listed.write_text("\n".join(kept.to_pylist()))
    printed = call("forget", output, "--list", listed)
    return printed.output


def handed_on(output: Path) -> str:
    """Return all text of exports for rows, what the command prints, and the tars' other members.

    Image files are exported as they are, with their EXIF data, but of kept samples alone.
    """
    texts = []
    for to in ("webdataset", "huggingface", "jsonl", "csv"):
        folder = output.with_name(f"{output.name}-{to}")
        asked = ["--to", to, str(folder), "--where", "status <> '' AND index >= 0"]
        printed = call("export", output, *asked, "--without-images")
        texts += [printed.output, everything(folder)]
        assert "[EMAIL_ADDRESS]" in texts[-1]
    folder = output.with_name(f"{output.name}-images")
    printed = call("export", output, "--to", "webdataset", folder, *asked[3:])
    contents: dict[str, bytes] = {}
    with tarfile.open(folder / "train-00000.tar") as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            contents[member.name] = file.read()
    images = [name for name in contents if not name.endswith((".json", ".txt"))]
    assert len(images) == 4 * len(VALUES) + len(PRINTED)
    texts += [content.decode() for name, content in contents.items() if name not in images]
    return "\n".join([*texts, *contents, printed.output])


def leaked(text: str) -> set[str]:
    """Return planted values in a text, with or without the separators between their characters."""
    bare = _SEPARATORS.sub("", text)
    planted = {*VALUES.values(), *(scene.printed for scene in PRINTED)}
    return {value for value in planted if value in text or _SEPARATORS.sub("", value) in bare}


def test_no_planted_value_leaks(
    shard: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    metrics = tmp_path / "metrics.prom"
    with configured("json"):  # which also shows what libraries log
        annotated(shard, tmp_path / "output", [PersonalData()], metrics={"file": str(metrics)})
    logged = capfd.readouterr().err
    events = {json.loads(line)["event"] for line in logged.splitlines()}
    assert {"run_started", "unit_committed"} <= events
    assert "image_too_small" in metrics.read_text()
    assert leaked(logged + metrics.read_text()) == set()
    console = Console(width=300)
    console.print(*(row_panel(shown.row) for shown in select(str(tmp_path / "output"), 1000)))
    console.print(verify(str(tmp_path / "output")))
    assert leaked(everything(tmp_path / "output")) == set()
    assert leaked(reviewed(tmp_path / "output")) == set()
    assert leaked(origins(tmp_path / "output")) == set()
    assert leaked(described(tmp_path / "output")) == set()
    assert leaked(handed_on(tmp_path / "output")) == set()
    assert leaked(caplog.text) == set()
    shown = capfd.readouterr()
    assert leaked(shown.out + shown.err) == set()


def test_samples_get_the_expected_statuses(shard: Path, tmp_path: Path) -> None:
    annotated(shard, tmp_path / "output", [PersonalData()])
    rows = pq.read_table(tmp_path / "output/planted.parquet").to_pylist()
    assert Counter(row["status"] for row in rows) == {
        "kept": 4 * len(VALUES) + len(PRINTED),
        "dropped": 4 * len(VALUES),
        "quarantined": 4 * len(VALUES),
        "invalid": 4 * len(VALUES),
    }
    assert {row["reason"] for row in rows} == {
        None,
        "image_too_small",
        "too_odd",
        "image_truncated",
    }
    planted, printed = rows[: -len(PRINTED)], rows[-len(PRINTED) :]
    assert all(row["redactions"] for row in planted if row["status"] != "invalid")
    assert {row["ocr_info"]["status"] for row in printed} == {"redacted"}


def test_without_the_filter_the_same_search_finds_all_values(shard: Path, tmp_path: Path) -> None:
    annotated(shard, tmp_path / "output", [])
    printed = {scene.printed for scene in PRINTED}
    assert leaked(everything(tmp_path / "output")) == {*VALUES.values(), *printed}
    rows = pq.read_table(tmp_path / "output/planted.parquet").to_pylist()
    kept = [row for row in rows if row["status"] == "kept"]
    for value in VALUES.values():
        for column in ("source_text", "note", "url", "key"):
            assert any(value in (row[column] or "") for row in kept), (value, column)
    assert {row["ocr"] for row in kept[-len(PRINTED) :]} == printed
    assert leaked(reviewed(tmp_path / "output")) == set(VALUES.values())
    assert leaked(reported(tmp_path / "output")) == {*VALUES.values(), *printed}
    assert leaked(origins(tmp_path / "output")) == set(VALUES.values())  # keys of kept samples
    # EXIF data and content of samples that are not kept are never stored; they are in the tar only.
    assert leaked(shard.read_bytes().decode("latin-1")) >= set(VALUES.values())
    told = forgotten(tmp_path / "output")
    assert leaked(told + everything(tmp_path / "output")) == set()
    assert verify(str(tmp_path / "output")).problems == ()
