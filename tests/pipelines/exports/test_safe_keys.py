"""Names of members follow from keys, and readers of tars take them as they are."""

import io
import re
import tarfile
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webdataset.tariterators import base_plus_ext

from pipelines.exports.safe_keys import UniqueKeys, safe_key
from pipelines.reading.webdataset_tar import is_added_by_macos, key_and_extension

ODD = st.text(st.sampled_from("ab./_%\\\n\r\0 \u2028#é日")) | st.text()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("000123", "000123"),
        ("part-1/a b_c", "part-1/a b_c"),
        ("v1.2/im.png", "v1.2/im%2Epng"),
        ("100%", "100%25"),
        ("a\nb", "a%0Ab"),
        ("/etc/passwd", "%2Fetc/passwd"),
        ("../../up", "%2E./%2E./up"),
        ("a//b/", "a/%2Fb%2F"),
        ("__meta__/x", "%5F_meta__/x"),
        ("._a", "%2E_a"),
    ],
)
def test_names(key: str, name: str) -> None:
    assert safe_key(key) == name
    assert unquote(name) == key


@given(ODD.filter(bool))
def test_readers_find_the_name_and_its_key_again(key: str) -> None:
    name = safe_key(key)
    assert unquote(name) == key
    assert base_plus_ext(f"{name}.jpg") == (name, "jpg")
    assert key_and_extension(f"{name}.jpg") == (name, "jpg")
    assert not re.match(r"__[^/]*__($|/)", name)
    assert not is_added_by_macos(f"{name}.jpg") or "__MACOSX" in key
    assert not {".", "..", ""} & set(name.split("/"))
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(f"{name}.jpg"))
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        assert tar.getnames() == [f"{name}.jpg"]


@given(st.lists(st.sampled_from(["a", "b", "a#2", "a%232", "a.b", "a%2Eb"]), max_size=12))
def test_names_of_a_file_are_distinct(keys: list[str]) -> None:
    unique = UniqueKeys()
    assert len({unique.name(key) for key in keys}) == len(keys)
