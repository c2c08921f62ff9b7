"""Looks into the first shard of a job: what it holds, what the job takes, and what is missing."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import TypeVar

from pipelines.config.field_source import FieldSource
from pipelines.config.input import Input
from pipelines.reading import RawSample
from pipelines.reading.bounded_storage import BoundedStorage, BoundReached
from pipelines.reading.field_counts import count_fields
from pipelines.reading.formats import OpenSamples, open_fields, open_unit
from pipelines.reading.raw_sample import IMAGE_EXTENSIONS, VIDEO_EXTENSIONS, SampleFields
from pipelines.reading.sample_members import image_extensions, missing_fault
from pipelines.reading.text_fields import FieldFault
from pipelines.rows.texts import FieldReader, has_field
from pipelines.storage.storage import Storage
from schemas.counted import counted
from schemas.errors import ShardFault
from schemas.frozen import Frozen
from schemas.sample import Unit

T = TypeVar("T")

_SAMPLES = 100  # looked at
_MAX_BYTES = 64 << 20  # read
_MAX_SECONDS = 3.0
_MAX_FIELDS = 100  # returned, the most frequent ones
_MAX_NAMES = 12  # fields named in a message
_SIMILAR = 0.6  # of names that may be meant by each other, from 0 to 1
# Usual names of texts, the likeliest first.
_TEXTS = ("txt", "caption", "text", "json:caption", "json:text", "alt", "alt_text", "description")


class FirstShard(Frozen):
    """What the first samples of the first shard hold, and what the job takes of them."""

    shard: str
    """The name of the shard below the listed root."""
    samples: int
    """The samples looked at."""
    bytes_read: int = 0
    """The bytes of the shard that were read for them."""
    holds: Mapping[str, int]
    """The samples that have a field, by extension or column; fields of JSON are like `json:url`."""
    takes: Mapping[str, int]
    """The samples that have what the job reads, by its source in the job file."""
    invalid: Mapping[str, int]
    """The samples that the job cannot use, by reason; a field's reason has its source."""
    missing: tuple[str, ...]
    """What to write instead, for each source that no sample has."""
    problem: str = ""
    """Why the shard cannot be read to its end."""


def look_at_first_shard(units: Sequence[Unit], given: Input, storage: Storage) -> FirstShard | None:
    """Look at the first samples of the first unit; return None if there is no unit.

    Reads at most `_MAX_BYTES`, twice. A shard that is damaged or missing is no error.
    """
    if not units:
        return None
    unit = replace(units[0], version="")
    given = given.model_copy(update={"on_bad_shard": "fail"})
    takes = Counter(dict.fromkeys([_image(given), *(source for _, source in given.sources())], 0))
    invalid: Counter[str] = Counter()

    def take(sample: RawSample) -> None:
        if reason := _take(sample, given, takes):
            invalid[reason] += 1

    samples, bytes_read, problem = _read_first(
        lambda bounded: open_unit(unit, bounded, given), storage, _SAMPLES, take
    )
    holds: Counter[str] = Counter()

    def count(sample: SampleFields) -> None:
        count_fields(sample, holds)

    _read_first(lambda bounded: open_fields(unit, bounded, given), storage, samples, count)
    first = FirstShard(
        shard=unit.shard,
        samples=samples,
        bytes_read=bytes_read,
        holds=dict(holds.most_common(_MAX_FIELDS)),
        takes=takes,
        invalid=dict(invalid.most_common()),
        missing=(),
        problem=problem,
    )
    return first.model_copy(update={"missing": tuple(_missing(first, given))})


def _read_first(
    open_samples: Callable[[Storage], OpenSamples[T]],
    storage: Storage,
    number: int,
    use: Callable[[T], None],
) -> tuple[int, int, str]:
    """Pass the first samples to `use`; return their number, their bytes, and what ended them."""
    samples = bytes_read = 0
    bounded = BoundedStorage(storage, _MAX_BYTES, _MAX_SECONDS)
    try:
        with open_samples(bounded) as opened:
            for sample in islice(opened, number):
                use(sample)
                samples += 1
                bytes_read = opened.bytes_read
    except BoundReached:
        pass
    except ShardFault as fault:
        return samples, bytes_read, str(fault)
    except OSError as error:
        return samples, bytes_read, error.strerror or type(error).__name__
    return samples, bytes_read, ""


def _image(given: Input) -> str:
    """Return what a sample has: a video or an image."""
    return "video" if given.video else "image"


def _take(sample: RawSample, given: Input, takes: Counter[str]) -> str:
    """Count what the job takes of a sample; return the reason if the sample is invalid."""
    if sample.fault or not sample.image:
        return sample.fault or "image_empty"
    takes[_image(given)] += 1
    for _, source in given.sources():
        with suppress(FieldFault):  # read below, too
            takes[source] += has_field(sample, FieldSource.parse(source))
    reader = FieldReader.of(given)
    try:
        reader.read(sample)
    except FieldFault as fault:
        source = _source_of_fault(sample, reader, given)
        return f"{fault.reason} ({source})" if source else fault.reason
    return ""


def _source_of_fault(sample: RawSample, reader: FieldReader, given: Input) -> str:
    """Return the source of the first field that cannot be used; empty if it is the shard's key."""
    nothing = replace(reader, key=None, text=None, carried={})
    alone = [
        (given.key, replace(nothing, key=reader.key)),
        (given.text, replace(nothing, text=reader.text)),
        *(
            (source, replace(nothing, carried={name: reader.carried[name]}))
            for name, source in given.carried().items()
        ),
    ]
    for source, one in alone:
        try:
            one.read(sample)
        except FieldFault:
            return source or ""
    return ""


def _missing(first: FirstShard, given: Input) -> Iterator[str]:
    """Explain each thing that the job reads and no sample has."""
    if not first.samples:
        return
    where = f"none of the first {counted(first.samples, 'sample')} of {first.shard}"
    named = [
        f"{name} ({n} of {first.samples})" for name, n in islice(first.holds.items(), _MAX_NAMES)
    ]
    if more := len(first.holds) - len(named):
        named.append(f"{more} more")
    holds = f"which hold {', '.join(named)}" if named else "whose fields cannot be listed"
    if first.invalid.get(missing_fault(given)) == first.samples:
        what = ("a video", "videos") if given.video else ("an image", "images")
        known = [each for kind in image_extensions(given) for each in kind]
        yield (
            f"input: {where} has {what[0]}, {holds}: {what[1]} are {', '.join(known)}, "
            "or an extension or a column named by input.image"
        )
    if several := first.invalid.get("image_several"):
        those, one = ("videos", "mp4") if given.video else ("images", "left.jpg")
        yield (
            f"input.image: is needed: {several} of the first "
            f"{counted(first.samples, 'sample')} of {first.shard} have several {those}: write the "
            f"extension of one, such as {one}"
        )
    if not first.takes[_image(given)]:  # the texts of such samples were not read
        return
    for key, source in given.sources():
        if first.takes[source] == 0:
            meant = " or ".join(f"{key}: {name}" for name in _meant_fields(key, source, first))
            question = f": did you mean {meant}?" if meant else ""
            yield f"input.{key}: {source} is in {where}, {holds}{question}"


def _meant_fields(key: str, source: str, first: FirstShard) -> list[str]:
    """Return the fields that a source may mean: one with a similar name.

    For `text`, a field with a usual name of a text comes before it.
    """
    fields = [
        name
        for name, number in first.holds.items()
        if 2 * number >= first.samples
        and name.rpartition(".")[2].lower() not in (*IMAGE_EXTENSIONS, *VIDEO_EXTENSIONS)
        and not any(other.startswith(f"{name}:") for other in first.holds)
    ]
    by_leaf = {_leaf(name): name for name in reversed(fields)}
    usual = [name for name in _TEXTS if name in fields][:1] if key == "text" else []
    close = get_close_matches(_leaf(source), by_leaf, 1, _SIMILAR)
    return list(dict.fromkeys([*usual, *(by_leaf[leaf] for leaf in close)]))


def _leaf(source: str) -> str:
    return source.rpartition(":")[2].rpartition(".")[2].lower()
