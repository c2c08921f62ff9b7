"""Reads samples of an output again from their shards, for a page on which a person decides them.

The filters of the output judge each sample again, so that texts are shown as they leave them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from filters.images.text_in_image import TextInImage
from pipelines.annotation.one_sample import JudgedSample, SampleJudge
from pipelines.annotation.preprocessing import read_rows
from pipelines.config.video import evenly_spaced
from pipelines.images import DecodeOptions, ImageFault, in_two_rows, side_by_side
from pipelines.images.small_picture import SIDE, cover, small_picture
from pipelines.operations.stored_samples.filter_steps import filter_steps
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.operations.stored_samples.unreadable_shards import why_unreadable
from pipelines.output.footers import read_footer
from pipelines.output.output import Output
from pipelines.output.recorded_storage import recorded_storage
from pipelines.reading import OpenUnit, RawSample, open_unit
from pipelines.reading.shard_digest import has_digest
from pipelines.reading.shard_stream import CHANGED
from pipelines.review import Drawn, ReviewSample
from pipelines.rows.sample_digest import sample_digest
from schemas.errors import ServiceFault, ShardFault
from schemas.sample import RGB, Unit
from schemas.sample_status import SampleStatus

ADVICE = "review it with the version and the classes that wrote it"
_CONCEALED = "a list of hashes has the image, or could not judge it"
_DROPPED = "a filter drops the sample"
_VIDEO_FRAMES = 4  # that a person sees
_INVALID = "the sample cannot be read as the job reads it"


@dataclass(frozen=True, slots=True)
class ChosenSample:
    """A sample of an output for a page; only kept and quarantined ones may be chosen."""

    unit: Unit
    index: int
    status: SampleStatus
    filter: str = ""  # that decided, or whose threshold is calibrated
    reason: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)  # as the output stores them
    drawn: Drawn | None = None

    def __post_init__(self) -> None:
        if self.status not in ("kept", "quarantined"):
            raise ValueError(f"a sample that is {self.status} is shown nowhere")


class LeftOut(NamedTuple):
    """Samples that are not on the page for the same reason."""

    why: str
    samples: int
    shards: int
    shard: str  # the first of them


class ReviewSampleReader:
    """Reads samples of an output again, as the filters of the output leave them.

    Raises JobError if the record of the output cannot be read.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._storage = recorded_storage(output)
        self._steps = filter_steps(recorded_job(output, ADVICE), output, output.units, ADVICE)
        self._input = self._steps[-1].work.input.model_copy(update={"on_bad_shard": "fail"})
        self._left_out: dict[str, Counter[str]] = {}  # why -> shard -> samples
        self.filters = {n: stage for step in self._steps for n, stage in step.filters.items()}
        """The filters that judged the samples, by their names in rows."""

    @property
    def left_out(self) -> list[LeftOut]:
        """The samples that were left out so far."""
        return [
            LeftOut(why, shards.total(), len(shards), next(iter(shards)))
            for why, shards in self._left_out.items()
        ]

    def read(self, chosen: Iterable[ChosenSample]) -> Iterator[ReviewSample]:
        """Yield the chosen samples by unit, then by index; one of them is in memory at a time.

        Those that may not be shown, or cannot, are left out: dropped ones, those that a filter with
        `conceals` put aside, and those of changed shards. Raises ServiceFault if a service does not
        judge a sample, and WorkerFault if this machine fails.
        """
        by_unit: dict[Unit, dict[int, ChosenSample]] = {}
        for sample in chosen:
            by_unit.setdefault(sample.unit, {})[sample.index] = sample
        with closing(SampleJudge(self._steps, isolated=True)) as judge:
            for unit in sorted(by_unit, key=lambda unit: (unit.shard, unit.first_index)):
                waiting = by_unit[unit]
                try:
                    yield from self._read(unit, waiting, judge)
                except ServiceFault:
                    raise
                except ShardFault as fault:
                    self._leave_out(why_unreadable(fault), unit, len(waiting))

    def _leave_out(self, why: str, unit: Unit, samples: int = 1) -> None:
        if samples:
            self._left_out.setdefault(why, Counter())[unit.shard] += samples

    def _read(
        self, unit: Unit, waiting: dict[int, ChosenSample], judge: SampleJudge
    ) -> Iterator[ReviewSample]:
        """Yield the samples of a unit, and remove those that are read from `waiting`."""
        with self._open(unit) as shard:
            for raw in shard:
                if (chosen := waiting.pop(raw.index, None)) is not None:
                    judged = judge.judge(raw, unit, shard)
                    if why := self._why_hidden(chosen, judged):
                        self._leave_out(why, unit)
                    else:
                        picture = self._picture(chosen, raw, judged, judge)
                        yield self._sample(chosen, raw, judged, shard, picture)
                if not waiting:
                    return
        raise shard.fault_here("shard_changed")

    def _open(self, unit: Unit) -> OpenUnit:
        """Open a unit, also in another version if its content is that of the committed rows."""
        try:
            return open_unit(unit, self._storage, self._input)
        except ShardFault as fault:
            if fault.reason not in CHANGED or not self._has_same_content(unit):
                raise
        return open_unit(replace(unit, version=""), self._storage, self._input)

    def _has_same_content(self, unit: Unit) -> bool:
        output = self._output
        file = output.layout.file(output.progress_of(unit).files[0])
        digest = read_footer(output.storage, file).shard_digest
        entry = self._storage.entry(unit.path)
        version = entry.version if entry else ""
        try:
            return digest is not None and has_digest(unit.path, version, digest, self._storage)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _why_hidden(self, chosen: ChosenSample, judged: JudgedSample) -> str:
        """Return why a sample may not be shown; "" if it may."""
        stage = self.filters.get(chosen.filter)
        if judged.hidden_by or (stage is not None and stage.conceals and chosen.status != "kept"):
            return _CONCEALED
        if judged.row.status == "dropped" or any(v.action == "drop" for v in judged.verdicts):
            return _DROPPED
        return _INVALID if judged.row.status == "invalid" else ""

    def _sample(
        self,
        chosen: ChosenSample,
        raw: RawSample,
        judged: JudgedSample,
        shard: OpenUnit,
        picture: bytes,
    ) -> ReviewSample:
        (stored,) = read_rows(chosen.unit, [raw], shard, self._input)
        row = judged.row
        texts = {name: text.value for name, text in row.texts.items()}
        return ReviewSample(
            chosen.unit.shard,
            chosen.index,
            sample_digest(stored),
            chosen.status,
            chosen.filter,
            chosen.reason,
            key=texts.pop("key", ""),
            texts=texts,
            picture=picture,
            size=None if raw.others or self._input.video else (row.width, row.height),
            scores=chosen.scores,
            drawn=chosen.drawn,
        )

    def _picture(
        self, chosen: ChosenSample, raw: RawSample, judged: JudgedSample, judge: SampleJudge
    ) -> bytes:
        """Return the small picture of a sample; empty if an image cannot be decoded.

        Several images of a sample are beside each other, and so are four of the frames of a video
        that filters judge. Text in them that a filter found is covered, unless the person is to
        judge that filter.
        """
        is_video = self._input.video is not None
        frames = self._input.frames if is_video else 1
        options = DecodeOptions(
            None, min_side=SIDE, frames=frames, min_decoded_rows=self._input.accepted_rows()
        )
        is_reviewed = isinstance(self.filters.get(chosen.filter), TextInImage)
        boxes = () if is_reviewed else judged.row.text_boxes
        shown: list[RGB] = []
        number = 0  # of an image's first frame, among the frames that filters judge
        try:
            for image in (raw.image, *raw.others):
                opened = judge.open_image(image)
                decoded = opened.decode(options).frames
                for each in evenly_spaced(len(decoded), _VIDEO_FRAMES):
                    on_frame = [box for box in boxes if box.frame == number + each]
                    size = (opened.width, opened.height)
                    shown.append(cover(decoded[each], size, on_frame))
                number += min(opened.num_frames, self._input.frames)
        except ImageFault:
            return b""
        whole = in_two_rows(shown) if is_video else side_by_side(shown)
        return small_picture(whole, (whole.shape[1], whole.shape[0]))
