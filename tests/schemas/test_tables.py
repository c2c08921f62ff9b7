"""Tests of reserved, malformed and duplicate column names, and of the order of columns."""

import pyarrow as pa
import pytest

from schemas.errors import JobError
from schemas.tables import (
    FRAME_HASHES,
    HASHES,
    IMAGES,
    INFO,
    RESERVED,
    VIDEO,
    carried_columns,
    check_column_names,
    info_name,
    output_schema,
    task_name,
)


def test_columns_are_in_order() -> None:
    tasks = {"caption": pa.string(), "area": pa.float32()}
    optional = dict.fromkeys(("video", "images", "pdq", "text_boxes"), True)
    schema = output_schema({"url": pa.string()}, tasks, **optional)
    assert schema.names[-5:] == ["url", "caption", "caption_info", "area", "area_info"]
    hashes = RESERVED - HASHES.keys() | FRAME_HASHES.keys()
    assert set(schema.names[:-5]) == {*hashes, *VIDEO, *IMAGES}
    assert carried_columns(schema) == ["url"]
    assert schema.field("area").type == pa.float32()
    assert schema.field("area_info").type == INFO


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(JobError, match=f"input.carry: the column '{name}' is taken"):
        check_column_names([name], [])
    with pytest.raises(JobError, match=f"tasks: the column '{name}' is taken"):
        check_column_names([], [name])


@pytest.mark.parametrize(
    ("carried", "tasks", "taken"),
    [
        (["url"], ["url"], "url"),
        (["Url"], ["url"], "url"),
        (["KEY"], [], "KEY"),
        (["url", "URL"], [], "URL"),
        (["caption_info"], ["caption"], "caption_info"),
        ([], ["caption", "caption_info"], "caption_info"),
        (["caption_logprobs"], ["caption"], "caption_logprobs"),
    ],
)
def test_duplicate_names_are_refused(carried: list[str], tasks: list[str], taken: str) -> None:
    with pytest.raises(JobError, match=f"the column '{taken}' is taken"):
        check_column_names(carried, tasks)


@pytest.mark.parametrize("name", ["", "1st", "_a", "a b", "a-b", "a.b", "é", "a\n"])
def test_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(JobError, match="cannot name a column"):
        check_column_names([name], [])


def test_valid_names_pass() -> None:
    check_column_names(["url", "url_info", "a1_B"], ["caption", "info"])


@pytest.mark.parametrize(
    ("setting", "name"),
    [("video", "duration"), ("video", "FPS"), ("video", "pdq_frames"), ("images", "images")],
)
def test_names_of_some_jobs_are_refused_there_alone(setting: str, name: str) -> None:
    check_column_names([name], [])
    check_column_names([], [name], **{"video": setting != "video", "images": setting != "images"})
    with pytest.raises(JobError, match=f"the column '{name}' is taken"):
        check_column_names([name], [], **{setting: True})


def test_a_carried_column_may_have_the_name_of_a_column_of_videos() -> None:
    schema = output_schema({"duration": pa.float64(), "images": pa.string()}, {"fps": pa.string()})
    assert carried_columns(schema) == ["duration", "images"]


def test_task_name_inverts_info_name() -> None:
    assert task_name(info_name("caption")) == "caption"
