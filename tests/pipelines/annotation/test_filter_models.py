"""Tests that a job pins filter models, names them in errors, and lets nothing pass unjudged."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from support.local_hub import COMMIT, Hub, environment_of, serve
from support.sample_data import encoded, job, picture, write_shard

from demo import __main__ as demo
from demo.scenes.kinds import Kind
from demo.scenes.scenes import draw_scene
from filters import HashList, ImageFilter, PornImageModel, ToxicityModel
from filters.base import Judge
from filters.classifiers.hugging_face import ImageClassifier, Probabilities
from pipelines.config.job import Job
from pipelines.display.plan_table import plan_table
from pipelines.display.tables import summary_table
from pipelines.operations.finish import finish
from pipelines.operations.run import run
from pipelines.output.layout import Layout
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError, WorkerFault
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict, keep

PLACARDS = Path(demo.__file__).parent / "placard_classifier"
PRIVATE = "what the sample holds"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the placard classifier that tests may change."""
    return Path(shutil.copytree(PLACARDS, tmp_path / "model"))


@pytest.fixture
def small_job(tmp_path: Path, checkpoint: Path, model: Path) -> Job:
    """A job over six images in parts of two; the fourth is a placard."""
    kinds = [Kind.PLACARD if index == 3 else Kind.PLAIN for index in range(6)]
    scenes = [draw_scene(1, index, kind) for index, kind in enumerate(kinds)]
    members = [
        member
        for index, scene in enumerate(scenes)
        for member in ((f"{index}.jpg", scene.image), (f"{index}.txt", b"a drawing"))
    ]
    write_shard(tmp_path / "shards/a.tar", members)
    return job(
        tmp_path,
        checkpoint,
        filters=[PornImageModel(model=str(model))],
        input={"shards": f"{tmp_path}/shards/*.tar", "max_samples_per_file": 2},
    )


def start_job(small_job: Job) -> dict[str, Any]:
    planned = plan(small_job)
    begin_output(planned, LocalStorage())
    record: dict[str, Any] = planned.work.record["resolved"]
    return record


def commit_a_unit(job: Job) -> None:
    """Put a file of the first unit into the output, so that the output cannot be begun anew."""
    planned = plan(job)
    Path(planned.work.layout.file(f"{planned.units[0].name}.parquet")).touch()


def rendered(content: Any) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(content)
    return captured.get()


def test_a_model_is_pinned_by_its_content(small_job: Job, model: Path) -> None:
    pinned = start_job(small_job)["models"]
    ((name, resolved),) = pinned.items()
    assert name == f"{model}@main"
    assert resolved["version"].startswith("sha256:")
    assert plan(small_job).work.fingerprint == plan(small_job).work.fingerprint
    commit_a_unit(small_job)
    config = model / "config.json"
    config.write_text(config.read_text() + "\n")
    with pytest.raises(JobError, match=r"was begun with resolved.models.*version = sha256:"):
        plan(small_job)


def test_a_recorded_commit_is_used_again(
    small_job: Job, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded_versions: list[str | None] = []
    from pipelines.planning import resolve as planning

    real = planning.resolve_model

    def resolve_model(reference: Any, recorded: str | None = None, **options: Any) -> Any:
        recorded_versions.append(recorded)
        return real(reference, recorded, **options)

    monkeypatch.setattr(planning, "resolve_model", resolve_model)
    version = start_job(small_job)["models"][f"{model}@main"]["version"]
    plan(small_job)
    assert recorded_versions == [None, version]


def test_a_model_that_changed_after_the_plan_is_not_loaded(small_job: Job, model: Path) -> None:
    start_job(small_job)
    work = plan(small_job).work
    (model / "preprocessor_config.json").unlink()
    from pipelines.annotation.annotator import Annotator

    with pytest.raises(JobError, match=r"^filter porn_image_model, model: .* is not what it was"):
        Annotator(work, LocalStorage(), decode_threads=1)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"label": "porn"}, "filters[1].label: the model has no label 'porn'"),
        ({"model": "./nowhere/model"}, "filters[1].model: there is no directory"),
        ({"quarantine_at": 0.9}, "filters[1].quarantine_at: 0.9 is not below drop_at"),
    ],
)
def test_errors_name_the_field_of_the_job(
    small_job: Job, keys: dict[str, Any], message: str
) -> None:
    (stage,) = small_job.filters
    changed = stage.model_copy(update=keys)
    with pytest.raises(JobError) as caught:
        plan(small_job.model_copy(update={"filters": (stage, changed)}))
    assert str(caught.value).startswith(message)


def test_pickled_weights_are_refused(small_job: Job, model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(JobError, match=r"^filters\[0\]\.model: .* holds no \*\.safetensors"):
        plan(small_job)


def test_a_checkpoint_that_is_no_classifier_is_refused(small_job: Job, checkpoint: Path) -> None:
    stage = ToxicityModel(model=str(checkpoint))
    with pytest.raises(JobError, match=r"^filters\[0\]\.model: .* names the labels"):
        plan(small_job.model_copy(update={"filters": (stage,)}))


def rows(folder: Path) -> list[dict[str, Any]]:
    tables = [pq.read_table(path).to_pylist() for path in sorted((folder / "output").glob("*.p*"))]
    return [row for rows in tables for row in rows]


def test_no_sample_passes_when_a_model_fails_and_a_rerun_finishes(
    small_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ImageClassifier.judge
    judged: list[int] = []

    def failing(self: ImageClassifier, images: Sequence[RGB]) -> list[Probabilities]:
        judged.append(len(images))
        if len(judged) == 3:
            raise RuntimeError(PRIVATE)
        return real(self, images)

    with monkeypatch.context() as patched:
        patched.setattr(ImageClassifier, "judge", failing)
        with pytest.raises(WorkerFault) as caught:
            run(small_job)
    assert PRIVATE not in str(caught.value)
    done = rows(tmp_path)
    assert [row["index"] for row in done] == [0, 1]
    assert all(row["scores"] for row in done)
    assert not (tmp_path / "output/_SUCCESS").exists()

    summary = run(small_job)
    assert summary.outcome == "complete"
    after = rows(tmp_path)
    assert after[: len(done)] == done
    assert [row["status"] for row in after] == ["kept"] * 3 + ["dropped"] + ["kept"] * 2
    assert after[3]["reason"] == "pornographic_image"
    assert after[3]["caption"] is None


def test_scores_that_are_not_finite_follow_on_indeterminate(
    small_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(self: ImageClassifier, images: Sequence[RGB]) -> list[Probabilities]:
        return [np.full(2, np.nan, np.float32) for _ in images]

    monkeypatch.setattr(ImageClassifier, "judge", judge)
    summary = run(small_job)
    assert summary.counts_here.reasons == {"porn_image_model/score_not_finite": 6}
    assert summary.counts_here.quarantined == 6
    (stage,) = small_job.filters
    lenient = (stage.model_copy(update={"on_indeterminate": "drop"}),)
    other = {"filters": lenient, "output": str(tmp_path / "other")}
    assert run(small_job.model_copy(update=other)).counts_here.dropped == 6


def test_a_hash_list_hit_stores_only_the_reason_and_is_never_decoded(
    small_job: Job, tmp_path: Path
) -> None:
    import hashlib

    bad = encoded(picture(24, 24, 5), "PNG")[:-40]  # cannot be decoded
    members = [
        ("a.jpg", draw_scene(1, 0, Kind.PLAIN).image),
        ("a.txt", b"a drawing"),
        ("b.png", bad),
        ("b.txt", PRIVATE.encode()),
    ]
    write_shard(tmp_path / "shards/a.tar", members)
    listed = tmp_path / "list.csv"
    listed.write_text(f"algorithm,hash\nsha1,{hashlib.sha1(bad).hexdigest()}\n")
    run(small_job.model_copy(update={"filters": (*small_job.filters, HashList(path=str(listed)))}))
    _, hit = rows(tmp_path)
    stored = {name: value for name, value in hit.items() if value not in (None, [])}
    assert stored == {
        "shard": "a.tar",
        "index": 1,
        "status": "dropped",
        "filter": "hash_list",
        "reason": "hash_listed",
    }


def test_a_list_that_changed_is_another_job(small_job: Job, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(f"algorithm,hash\nmd5,{'0' * 32}\n")
    with_list = small_job.model_copy(update={"filters": (HashList(path=str(listed)),)})
    start_job(with_list)
    commit_a_unit(with_list)
    listed.write_text(f"algorithm,hash\nmd5,{'1' * 32}\n")
    with pytest.raises(JobError, match=r"was begun with resolved.files.*list.csv = "):
        plan(with_list)
    listed.write_text(f"algorithm,hash\nmd5,{'1' * 31}\n")
    with pytest.raises(JobError, match=r"^filters\[0\]\.path: line 2 of "):
        plan(with_list)
    listed.unlink()
    with pytest.raises(JobError, match=r"^filters\[0\]: .*list.csv cannot be read"):
        plan(with_list)


class OwnModel(ImageFilter):
    """A custom filter that judges safety."""

    judges_safety: ClassVar[bool] = True
    kind: str = "own_model"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [keep() for _ in items]


def test_a_job_can_require_that_images_are_judged(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="require_image_safety: no filter of this job judges"):
        job(tmp_path, checkpoint, require_image_safety=True)
    listed = [HashList(path="list.csv")]
    with pytest.raises(ValueError, match="require_image_safety: no filter of this job judges"):
        job(tmp_path, checkpoint, require_image_safety=True, filters=listed)
    for stage in (PornImageModel(model="m"), OwnModel()):
        assert job(tmp_path, checkpoint, require_image_safety=True, filters=[stage]).judges_images


def test_the_error_of_a_job_file_is_one_line() -> None:
    text = "name: a\ninput: {shards: a.tar}\nmodel: {checkpoint: a/b}\noutput: o\n"
    with pytest.raises(JobError, match=r"^job: require_image_safety: .*add one of kind open_nsfw"):
        Job.parse(f"{text}tasks: {{a: {{kind: ocr}}}}\nrequire_image_safety: true\n")


def test_plan_and_summary_show_whether_images_were_judged(
    small_job: Job, tmp_path: Path, checkpoint: Path
) -> None:
    warning = "images were not judged"
    layout = Layout(small_job.output)
    assert warning not in rendered(plan_table(plan(small_job)))
    summary = run(small_job)
    assert warning not in rendered(summary_table(summary, layout))
    assert finish(small_job.output).images_judged

    unjudged = small_job.model_copy(update={"filters": (), "output": str(tmp_path / "other")})
    assert warning in rendered(plan_table(plan(unjudged)))
    summary = run(unjudged)
    assert warning in rendered(summary_table(summary, layout))
    assert not finish(unjudged.output).images_judged
    (written,) = (tmp_path / "other/_shardmill/runs").glob(f"{summary.run}.record")
    assert json.loads(written.read_text())["images_judged"] is False


SCRIPT = """
import sys
from pathlib import Path
from support.sample_data import job
from filters import PornImageModel
from inference import fetch_model
from pipelines.planning.resolve import resolve
from schemas.errors import JobError
folder, checkpoint, label = sys.argv[1:]
stage = PornImageModel(model="someone/placards", label=label)
try:
    work = resolve(job(Path(folder), checkpoint, filters=[stage]))
    (model,) = work.resolved.models.values()
    print(list(work.resolved.models), model.version)
    print(*sorted(path.name for path in fetch_model(model).iterdir()))
except JobError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        (
            "nsfw",
            [
                f"['someone/placards@main'] {COMMIT}",
                "config.json model.safetensors preprocessor_config.json",
            ],
        ),
        (
            "porn",
            [
                "filters[0].label: the model has no label 'porn': take one of normal, nsfw",
            ],
        ),
    ],
)
def test_a_model_on_the_hub_is_pinned_to_its_commit(
    tmp_path: Path, checkpoint: Path, model: Path, label: str, lines: list[str]
) -> None:
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    (model / "README.md").unlink()
    with serve(Hub({"someone/placards": model})) as hub:
        process = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path), str(checkpoint), label],
            env=environment_of(hub.url, tmp_path / "hub")
            | {"PYTHONPATH": os.pathsep.join(("tests", "."))},
            capture_output=True,
            text=True,
            check=False,
        )
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines() == lines
