"""A person's decisions about quarantined samples are honoured by the next output."""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.sample_data import job, jpeg, write_shard

from filters import TextFilter
from filters.base import Judge
from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.planning.decisions import CSV_COLUMNS, escape_cell, unescape_cell
from pipelines.planning.plan import plan
from pipelines.rows.row import Row
from pipelines.rows.sample_digest import sample_digest
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, quarantine, redact

SECRET = "555-0123"
TEXTS = [
    "a fine picture",
    f"odd picture, call {SECRET} now",
    "odd picture of a cat",
    "odd and strange picture",
    "odd picture that is banned",
    "a banned picture",
    "a strange picture",
    "odd picture of a listed image",
]


class Suspecting(TextFilter):
    """Quarantine texts with a word, drop those with `banned`, redact the secret."""

    kind: str = "suspecting"
    word: str = "odd"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item.value) for item in items]

    def _judge(self, text: str) -> Verdict:
        if self.word in text:
            return quarantine(f"{self.word}_text", {"odd": 1})
        return keep({"odd": 0})


class Strict(Suspecting):
    """Drop texts with `banned`, quarantine those with `strange`, redact the secret."""

    kind: str = "strict"
    word: str = "strange"

    def _judge(self, text: str) -> Verdict:
        if "banned" in text:
            return drop("banned_text", {"bad": 1})
        if SECRET in text:
            return redact(text.replace(SECRET, "[PHONE]"), {"phone": 1})
        return super()._judge(text)


FILTERS = (Suspecting(), Strict())


def image(index: int) -> bytes:
    return jpeg(24, 24, index)


def write_shards(folder: Path, texts: Sequence[str] = TEXTS) -> None:
    members = []
    for index, text in enumerate(texts):
        members += [(f"{index:03}.jpg", image(index)), (f"{index:03}.txt", text.encode())]
    write_shard(folder / "shards/a.tar", members)


def digest(index: int, text: str | None = None) -> str:
    row = Row("a.tar", index, image=image(index))
    row.texts = {"key": Text(f"{index:03}"), "source_text": Text(text or TEXTS[index])}
    return sample_digest(row)


def write_decisions(
    folder: Path, decisions: dict[int, str], name: str = "decisions.csv", **cells: str
) -> str:
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, CSV_COLUMNS)
        writer.writeheader()
        for index, decision in decisions.items():
            row = {"shard": "a.tar", "index": index, "decision": decision, **cells}
            row.setdefault("digest", digest(index) if index < len(TEXTS) else "0" * 64)
            writer.writerow(row)
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shards(tmp_path)
    listed = hashlib.sha256(image(7)).hexdigest()
    (tmp_path / "hashes.csv").write_text(f"algorithm,hash,source,label\nsha256,{listed},x,y\n")
    run(filtering(tmp_path))
    return tmp_path


def filtering(folder: Path, **keys: Any) -> Job:
    hashes = {"kind": "hash_list", "path": f"{folder}/hashes.csv"}
    keys = {"filters": [*FILTERS, hashes], "output": f"{folder}/filtered", **keys}
    text = {"shards": f"{folder}/shards/*.tar", "text": "txt"}
    return job(folder, model=None, tasks={}, **{"input": text, **keys})


def deciding(folder: Path, decisions: str, name: str = "decided", **keys: Any) -> Job:
    keys = {"filters_from": f"{folder}/filtered", "decisions": decisions, **keys}
    return filtering(folder, output=f"{folder}/{name}", **keys)


def rows(output: Path) -> list[dict[str, Any]]:
    found = [row for file in output.rglob("*.parquet") for row in pq.read_table(file).to_pylist()]
    return sorted(found, key=lambda row: int(row["index"]))


def decided(output: Path) -> list[str]:
    return [
        row["status"] + (f" {row['filter']}/{row['reason']}" if row["filter"] else "")
        for row in rows(output)
    ]


def test_decisions_are_honoured(folder: Path) -> None:
    before = decided(folder / "filtered")
    assert before == [
        "kept",
        "quarantined suspecting/odd_text",
        "quarantined suspecting/odd_text",
        "quarantined suspecting/odd_text",
        "quarantined suspecting/odd_text",
        "dropped strict/banned_text",
        "quarantined strict/strange_text",
        "dropped hash_list/hash_listed",
    ]
    file = write_decisions(
        folder, {0: "reject", 1: "accept", 2: "reject", 3: "accept", 4: "accept", 5: "reject"}
    )
    counts = run(deciding(folder, file)).counts
    assert (
        decided(folder / "decided")
        == [
            "dropped review/rejected",  # a kept sample can be rejected too
            "kept",
            "dropped review/rejected",
            "kept",  # the quarantine of both filters is overruled
            "dropped strict/banned_text",  # but no verdict that drops
            *before[5:],
        ]
    )
    assert counts is not None
    assert (counts.kept, counts.reasons["review/rejected"]) == (2, 2)
    accepted = rows(folder / "decided")[1]
    assert accepted["source_text"] == "odd picture, call [PHONE] now"
    scores = {score["name"]: score["value"] for score in accepted["scores"]}
    assert scores["review.accepted"] == 3
    assert verify(f"{folder}/decided").problems == ()


def test_accepted_samples_go_to_inference(folder: Path, checkpoint: Path) -> None:
    file = write_decisions(folder, {2: "accept"})
    given = deciding(folder, file)
    tasks = {"caption": {"kind": "caption", "max_new_tokens": 4}}
    text = {"shards": f"{folder}/shards/*.tar", "text": "txt"}
    keys = {"filters_from": given.filters_from, "decisions": file, "filters": FILTERS}
    run(job(folder, checkpoint, input=text, tasks=tasks, output=f"{folder}/captioned", **keys))
    found = rows(folder / "captioned")
    assert [row["index"] for row in found if row["status"] == "kept"] == [0, 2]
    assert found[2]["caption_info"]["status"] == "ok"


def test_two_runs_give_the_same_bytes(folder: Path) -> None:
    file = write_decisions(folder, {1: "accept", 2: "reject", 3: "accept"})
    for name in ("one", "two"):
        run(deciding(folder, file, name))
    (one,), (two,) = ([*(folder / name).glob("*.parquet")] for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_the_file_is_part_of_the_record(folder: Path) -> None:
    file = write_decisions(folder, {1: "accept"})
    begun = plan(deciding(folder, file))
    content = Path(file).read_bytes()
    assert begun.work.record["resolved"]["files"][file] == hashlib.sha256(content).hexdigest()
    run(deciding(folder, file))
    moved = folder / "elsewhere.csv"
    moved.write_bytes(content)
    assert plan(deciding(folder, str(moved))).pending == []
    write_decisions(folder, {1: "reject"})
    with pytest.raises(JobError, match="was begun with"):
        plan(deciding(folder, file))


def test_a_job_without_decisions_keeps_its_fingerprint(folder: Path) -> None:
    assert "decisions" not in plan(filtering(folder, output=f"{folder}/new")).work.record


def test_samples_that_do_not_exist_are_told(folder: Path) -> None:
    file = write_decisions(folder, {1: "accept", 0: "accept", 99: "reject", 98: "accept"})
    counts = plan(deciding(folder, file)).decisions
    assert counts is not None
    assert (counts.accepted, counts.ineffective, counts.unknown) == (1, 1, 2)
    told: list[str] = []
    run(deciding(folder, file), on_warning=told.append)
    assert "decisions: 1 sample accepted, 0 rejected" in told
    assert any(
        "2 are about samples that do not exist, such as sample 99 of a.tar" in t for t in told
    )


@pytest.mark.parametrize(("index", "by"), [(5, "strict"), (7, "hash_list")])
def test_dropped_samples_cannot_be_accepted(folder: Path, index: int, by: str) -> None:
    file = write_decisions(folder, {index: "accept"})
    with pytest.raises(JobError, match=f"line 2: sample {index} of a.tar was dropped by {by}"):
        plan(deciding(folder, file))


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_decisions_about_other_content_are_refused(folder: Path, decision: str) -> None:
    file = write_decisions(folder, {1: decision, 2: decision}, digest=digest(1))
    run(deciding(folder, file))
    assert decided(folder / "decided")[2] == "quarantined review/sample_changed"
    assert decided(folder / "decided")[1] != "quarantined review/sample_changed"


def test_a_later_job_with_other_thresholds_keeps_the_decisions(tmp_path: Path) -> None:
    texts = ["you stupid idiot", "you stupid fool", "a calm sea"]
    write_shards(tmp_path, texts)
    rules = {"kind": "toxicity_rules", "drop_at": 1.0, "quarantine_at": 0.5}
    run(filtering(tmp_path, filters=[rules], evaluate="all"))
    assert [row["status"] for row in rows(tmp_path / "filtered")][:2] == ["quarantined"] * 2
    digests = [digest(index, text) for index, text in enumerate(texts)]
    lines = [
        f"a.tar,{n},{d},{w}"
        for n, (d, w) in enumerate(zip(digests, ("accept", "reject"), strict=False))
    ]
    file = tmp_path / "decisions.csv"
    file.write_text("\n".join(["shard,index,digest,decision", *lines]))
    run(deciding(tmp_path, str(file), filters=[]))
    assert [row["status"] for row in rows(tmp_path / "decided")] == ["kept", "dropped", "kept"]
    stricter = {**rules, "quarantine_at": 0.4}
    keys = {"filters": [stricter], "filters_from": f"{tmp_path}/decided"}
    run(filtering(tmp_path, output=f"{tmp_path}/later", **keys))
    assert [row["status"] for row in rows(tmp_path / "later")] == ["kept", "dropped", "kept"]
    dropping = {**rules, "quarantine_at": 0.3, "drop_at": 0.4}
    run(filtering(tmp_path, output=f"{tmp_path}/last", **{**keys, "filters": [dropping]}))
    assert [row["status"] for row in rows(tmp_path / "last")] == ["dropped", "dropped", "kept"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shard;index;digest;decision\n", "names no column 'shard'"),
        ("shard,index,digest,decision\na.tar,1,x,accept\n", "line 2: digest"),
        ("shard,index,digest,decision\na.tar,-1,x,accept\n", "line 2: index"),
        ("shard,index,digest,decision\na.tar,1,x,maybe\n", "line 2: decision"),
        ("shard,index,digest,decision\na.tar,1\n", "line 2: has 2 cells"),
        (
            f"shard,index,digest,decision\na.tar,1,{'0' * 64},accept\na.tar,1,{'0' * 64},reject\n",
            "line 3: decides otherwise about the sample of line 2",
        ),
        (
            f"shard,index,digest,decision,stratum_size\na.tar,1,{'0' * 64},accept,many\n",
            "line 2: stratum_size: write a whole number",
        ),
        ('shard,index,digest,decision\n"a.tar,1', "line 2: is no CSV"),
        (f"shard,index,digest,decision\n{'a' * 200_000},1,x,accept\n", "line 2: is no CSV"),
        ("\ud800", "is not UTF-8"),
    ],
)
def test_a_wrong_file_is_refused(folder: Path, text: str, message: str) -> None:
    (folder / "wrong.csv").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(JobError, match=message):
        plan(deciding(folder, str(folder / "wrong.csv")))


def test_other_mistakes_are_refused(folder: Path) -> None:
    file = write_decisions(folder, {1: "accept"})
    with pytest.raises(JobError, match=r"decisions: .*missing\.csv.* cannot be read"):
        plan(deciding(folder, f"{folder}/missing.csv"))
    with pytest.raises(ValueError, match="name it in filters_from"):
        deciding(folder, file, filters_from=None)
    with pytest.raises(JobError, match=r"input\.text: differs .*write text: \"txt\""):
        plan(deciding(folder, file, input={"shards": f"{folder}/shards/*.tar", "text": None}))


def test_the_header_may_be_repeated(folder: Path) -> None:
    one = Path(write_decisions(folder, {1: "accept"}, "one.csv")).read_text()
    two = Path(write_decisions(folder, {2: "reject"}, "two.csv")).read_text()
    (folder / "both.csv").write_text("\ufeff" + one + two, encoding="utf-8")
    counts = plan(deciding(folder, f"{folder}/both.csv")).decisions
    assert counts is not None
    assert (counts.accepted, counts.rejected) == (1, 1)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "'quoted", "plain", "", "a=b"])
def test_cells_are_no_formulas(cell: str) -> None:
    escaped = escape_cell(cell)
    assert unescape_cell(escaped) == cell
    assert escaped[:1] not in set("=+-@\t\r\n")
