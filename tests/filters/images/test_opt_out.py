"""Samples that lists, pages or the image file opt out are dropped; unreadable answers are not."""

import hashlib
import io
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.content_credentials import (
    assertion,
    box,
    in_bmff,
    in_gif,
    in_jpeg,
    in_png,
    in_tiff,
    in_webp,
    store,
    superbox,
)
from support.sample_data import encoded, jpeg, picture

from filters import OptOut
from filters.images.c2pa import training_permission
from filters.images.cbor import decode_cbor
from filters.images.opt_out import UrlPattern, refuses
from pipelines.config.job import Job
from schemas.errors import JobError
from schemas.resources import Resources
from schemas.sample import Sample, Text

JPEG, PNG = jpeg(24, 24), encoded(picture(24, 24), "PNG")
REFUSED = {"ai_training": "notAllowed", "data_mining": "allowed"}
LISTS = {
    "domains.txt": b"# ours\nexample.com\n",
    "urls.txt": b"https://photos.test/private/*.jpg\n*//other.test/a\n",
    "hashes.csv": b"algorithm,hash\nsha256," + hashlib.sha256(JPEG).hexdigest().encode() + b"\n",
}
USES = ("data_mining", "ai_training", "ai_generative_training")


def judged(image: bytes = PNG, texts: Mapping[str, str] | None = None, **keys: Any) -> str:
    """Return action and reason of the verdict on an image with these carried texts."""
    stage = OptOut(**keys)
    judge = stage.load(Resources(lambda path: io.BytesIO(LISTS[path])))
    named = {name: Text(text) for name, text in (texts or {}).items()}
    (verdict,) = judge.judge([Sample("a.tar", 0, named, image, 24, 24)])
    return f"{verdict.action} {verdict.reason}".strip()


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("https://cdn.example.com/a.jpg", "drop domain_opted_out"),
        ("https://notexample.com/a.jpg", "keep"),
        ("https://photos.test/private/x/y.JPG", "drop url_opted_out"),
        ("https://photos.test/private/x.png", "keep"),
        ("http://other.test/a", "drop url_opted_out"),
        ("http://other.test/ab", "keep"),
        (" ", "indeterminate url_missing"),
        ("mailto:a@b", "indeterminate url_unparsable"),
    ],
)
def test_urls(url: str, verdict: str) -> None:
    keys = {"url_column": "url", "domains": "domains.txt", "url_patterns": "urls.txt"}
    assert judged(texts={"url": url}, **keys) == verdict
    assert judged(texts={}, **keys) == "indeterminate url_missing"


def test_hashes_come_before_all_else() -> None:
    assert judged(JPEG, hashes="hashes.csv") == "drop hash_opted_out"
    assert judged(PNG, hashes="hashes.csv") == "keep"
    keys = {"url_column": "url", "domains": "domains.txt", "hashes": "hashes.csv"}
    assert judged(JPEG, **keys) == "drop hash_opted_out"


@pytest.mark.parametrize(
    "said",
    [
        "noai",
        "index, NoImageAI",
        '<meta name="robots" content="noai, noimageai">',
        "X-Robots-Tag: noml",
        "tdm-reservation: 1",
        '<meta name="tdm-reservation" content="1">',
        '{"location": "/", "tdm-reservation": 1}',
        " 1 ",
        "True",
        "yes",
    ],
)
def test_reservations(said: str) -> None:
    assert refuses(said)
    assert judged(texts={"robots": said}, reservation_column="robots") == "drop rights_reserved"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "all",
        "tdm-reservation: 0",
        "0",
        "false",
        "index, follow",
        "noairplanes",
        "a 1",
        "tdm: 1",
    ],
)
def test_what_reserves_nothing(said: str) -> None:
    assert not refuses(said)
    assert judged(texts={"robots": said}, reservation_column="robots") == "keep"
    assert judged(texts={}, reservation_column="robots") == "keep"


@pytest.mark.parametrize("behind", ["", ":", ": content="])
def test_a_long_reservation_takes_linear_time(behind: str) -> None:
    spaces = " " * 100_000
    assert not refuses(f"tdm-reservation{behind}{spaces}0")  # quadratic time would hit --timeout
    assert refuses(f"tdm-reservation{behind}{spaces}1")


@pytest.mark.parametrize("label", ["c2pa.training-mining", "cawg.training-mining"])
@pytest.mark.parametrize("suffix", ["", "__1", ".v2"])
@pytest.mark.parametrize("as_json", [False, True])
def test_the_assertion_of_an_image_file(label: str, suffix: str, as_json: bool) -> None:
    content = store([assertion(REFUSED, label + suffix, as_json=as_json)])
    for image in (in_jpeg(JPEG, content), in_jpeg(JPEG, content, most=20), in_png(PNG, content)):
        assert judged(image) == "drop c2pa_opted_out"
        assert judged(image, c2pa=("data_mining",)) == "keep"
        assert judged(image, c2pa=(), reservation_column="robots") == "keep"


def in_every_format(content: bytes) -> Iterator[bytes]:
    """Yield files of each format with boxes."""
    yield in_png(PNG, content)
    yield in_jpeg(JPEG, content)
    yield in_webp(encoded(picture(24, 24), "WEBP"), content)
    yield in_gif(encoded(picture(24, 24), "GIF"), content)
    for order in ("<", ">"):
        for is_big in (False, True):
            yield in_tiff(content, order, is_big=is_big)
    for purpose in (b"manifest", b"original", b"update"):
        for is_long in (False, True):
            yield in_bmff(content, purpose, is_long=is_long)


def test_every_format_of_files() -> None:
    refused, allowed = store([assertion(REFUSED)]), store([assertion({"ai_training": "allowed"})])
    for image in in_every_format(refused):
        assert judged(image) == "drop c2pa_opted_out"
        assert judged(image, c2pa=("data_mining",)) == "keep"
    for image in in_every_format(allowed):
        assert judged(image) == "keep"
    assert judged(in_bmff(refused, b"merkle")) == "keep"


@pytest.mark.parametrize("extension", ["jpg", "tif", "webp", "gif", "avif", "mp4"])
def test_files_that_another_implementation_signed(extension: str) -> None:
    """`tests/support/sign_images.py` made them."""
    image = (Path(__file__).parent / f"signed/refused.{extension}").read_bytes()
    assert judged(image) == "drop c2pa_opted_out"
    assert judged(image, c2pa=("data_mining",)) == "keep"
    assert training_permission(image[: len(image) // 2], ["ai_training"]) != "allowed"


def test_tags_that_name_the_same_bytes_again_and_again_are_refused() -> None:
    content = bytes(1 << 20)
    entries = 2000
    place = 8 + 2 + 12 * entries + 4
    tags = struct.pack("<HHII", 52545, 7, len(content), place) * entries
    directory = struct.pack("<H", entries) + tags + bytes(4)
    image = b"II" + struct.pack("<HI", 42, 8) + directory + content
    assert judged(image) == "indeterminate c2pa_unreadable"


@pytest.mark.parametrize(
    ("use", "verdict"),
    [
        ("notAllowed", "drop c2pa_opted_out"),
        ("allowed", "keep"),
        ("constrained", "indeterminate c2pa_constrained"),
        ("maybe", "indeterminate c2pa_unreadable"),
    ],
)
def test_the_answers_of_an_assertion(use: str, verdict: str) -> None:
    content = store([assertion({"ai_training": use})])
    assert judged(in_png(PNG, content)) == verdict


def test_every_manifest_counts() -> None:
    refused, allowed = assertion(REFUSED), assertion({"ai_training": "allowed"})
    for manifests in ([[refused], [allowed]], [[allowed], [refused]], [[], [allowed, refused]]):
        assert judged(in_jpeg(JPEG, store(*manifests))) == "drop c2pa_opted_out"
    assert judged(in_jpeg(JPEG, store([allowed], []))) == "keep"


def test_images_without_credentials_are_kept() -> None:
    gif = encoded(picture(8, 8), "GIF")
    for image in (JPEG, PNG, gif, b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"text"):
        assert judged(image) == "keep"
    assert judged(in_png(PNG, superbox("other", superbox("x")))) == "keep"


def deep(levels: int) -> bytes:
    content = superbox("x")
    for _ in range(levels):
        content = superbox("x", content)
    return content


HOSTILE = {
    "cut": store([assertion(REFUSED)])[:-5],
    "too long": struct.pack(">I", 1 << 30) + b"jumb" + bytes(100),
    "length below the header": struct.pack(">I", 3) + b"jumb" + bytes(100),
    "long length": struct.pack(">I4sQ", 1, b"jumb", 1 << 60) + bytes(30),
    "without a description": box(b"jumb", box(b"cbor", b"")),
    "empty": box(b"jumb", b""),
    "deep": deep(40),
    "many": box(b"free", b"") * 20_000,
    "cut CBOR": store([superbox("c2pa.training-mining", box(b"cbor", b"\xa1\x67entri"))]),
    "no entries": store([superbox("c2pa.training-mining", box(b"cbor", b"\xa0"))]),
    "no content": store([superbox("c2pa.training-mining")]),
    "deep JSON": store([superbox("c2pa.training-mining", box(b"json", b"[" * 50_000))]),
    "deep CBOR": store([superbox("c2pa.training-mining", box(b"cbor", b"\x81" * 50_000))]),
    "long CBOR": store([superbox("c2pa.training-mining", box(b"cbor", b"\x9b" + b"\xff" * 8))]),
    "compressed": superbox("c2pa", superbox("urn:c2pa:1", box(b"brob", b"jumb..."))),
    "other CBOR": store([superbox("c2pa.training-mining", box(b"cbor", b"\x83\x01\x02\xf6"))]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_boxes_are_unreadable(name: str) -> None:
    for image in in_every_format(HOSTILE[name]):
        assert judged(image) == "indeterminate c2pa_unreadable"


WITH_REFUSAL = list(in_every_format(store([assertion(REFUSED)])))


@given(st.data())
def test_any_bytes_get_an_answer(data: st.DataObject) -> None:
    image = bytearray(data.draw(st.sampled_from(WITH_REFUSAL)))
    for place in data.draw(st.lists(st.integers(2, min(len(image), 400) - 1), max_size=8)):
        image[place] = data.draw(st.integers(0, 255))
    size = data.draw(st.integers(0, len(image)))
    assert training_permission(bytes(image[:size]), USES) in (
        "silent",
        "allowed",
        "constrained",
        "refused",
        "unreadable",
    )


@given(st.binary(max_size=200))
def test_any_cbor_gets_a_value_or_a_fault(content: bytes) -> None:
    try:
        decode_cbor(content)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("a26161f56162820102", {"a": True, "b": [1, 2]}),
        ("bf6161 9f 01 20 ff ff", {"a": [1, -1]}),
        ("7f 61 61 62 6263 ff", "abc"),
        ("c0 63 616263", "abc"),
        ("fb 3ff0000000000000", None),
        ("58 02 0102", b"\x01\x02"),
    ],
)
def test_cbor(content: str, value: object) -> None:
    assert decode_cbor(bytes.fromhex(content)) == value


def test_patterns_take_linear_time_and_match_whole_urls() -> None:
    pattern = UrlPattern(tuple(("*a" * 30 + "*b").split("*")))
    assert not pattern.matches("a" * 100_000)
    assert UrlPattern(("ab", "bc")).matches("abbc")
    assert not UrlPattern(("ab", "bc")).matches("abc")


def test_mistakes_of_the_user() -> None:
    for keys, message in (
        ({"c2pa": ()}, "name a source"),
        ({"domains": "domains.txt"}, "url_column is missing"),
        ({"url_column": "url"}, "without domains or url_patterns"),
        ({"c2pa": ("reading",)}, "ai_training"),
    ):
        with pytest.raises(ValidationError, match=message):
            OptOut(**keys)
    bad = {"domains": b"", "url_patterns": b"**\n", "hashes": b"sha256\n"}
    for name, content in bad.items():
        keys = {name: "list", **({} if name == "hashes" else {"url_column": "url"})}
        with pytest.raises(JobError, match=f"^{name}: "):
            OptOut(**keys).check(Resources(lambda path, content=content: io.BytesIO(content)))
    with pytest.raises(ValidationError, match="is not read from the shards"):
        Job.model_validate(
            {
                "name": "a",
                "input": {"shards": "a.tar"},
                "filters": [{"kind": "opt_out", "reservation_column": "robots"}],
                "output": "b",
            }
        )
