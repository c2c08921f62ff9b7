"""Judge the words in an image by text filters, before a model sees the image."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from filters.base import Filter, ImageFilter, Judge
from filters.texts.personal_data import PersonalData
from filters.texts.text_safety_rules import TextSafetyRules
from filters.texts.toxicity_rules import ToxicityRules
from filters.texts.words import Words
from schemas.resources import Resources
from schemas.sample import Sample, Text, TextBox
from schemas.verdict import Verdict, drop, indeterminate, keep, quarantine

if TYPE_CHECKING:
    from filters.classifiers.words_in_image import Line, WordReader  # which imports onnxruntime

_REASON, _HITS = "text_in_image", "hits_"
_KINDS = (PersonalData, TextSafetyRules, ToxicityRules, Words)
RuleFilter = Annotated[
    PersonalData | TextSafetyRules | ToxicityRules | Words, Field(discriminator="kind")
]


class TextInImage(ImageFilter):
    """Read the words in every sampled frame, and judge each line, and all lines together.

    The models of PP-OCR come with `pip install 'shardmill[ocr]'`, and read Latin, Chinese and
    Japanese scripts. A line is a hit if a filter would redact, quarantine or drop it; if all lines
    are a hit only together, each of them is. What was read is never stored.
    """

    thresholds: ClassVar = frozenset({"action"})
    kind: Literal["text_in_image"] = "text_in_image"
    """The name of this filter."""
    filters: tuple[RuleFilter, ...] | None = Field(None, min_length=1)
    """The filters that judge the words: personal_data, text_safety_rules, toxicity_rules, words.

    Null: those of these kinds that the job has; if it has none, the first three as they are.
    """
    action: Literal["drop", "quarantine", "mark"] = "quarantine"
    """What happens to an image with a hit; `mark` keeps it.

    The column `text_boxes` of kept samples has the boxes of hits.
    """
    max_side: int = Field(2048, ge=256, le=8192, multiple_of=32)
    """The longest side in pixels at which an image is read; a larger image is read reduced."""
    max_boxes: PositiveInt = Field(300, le=10_000)
    """The most areas of text in a frame; an image with more is indeterminate."""
    min_confidence: float = Field(0.5, ge=0, lt=1)
    """The confidence of the recognizer from which a line is judged, inclusive."""

    def with_filters_of(self, filters: Sequence[Filter]) -> "TextInImage":
        """Return this filter with those of a job, if it names none itself."""
        own = tuple(stage for stage in filters if isinstance(stage, _KINDS))
        return self if self.filters is not None or not own else self.replaced(own)

    def replaced(self, filters: tuple[RuleFilter, ...]) -> "TextInImage":
        """Return this filter with other filters of words."""
        return self.model_copy(update={"filters": filters})

    @property
    def word_filters(self) -> tuple[RuleFilter, ...]:
        """The filters that judge the words."""
        return self.filters or (PersonalData(), TextSafetyRules(), ToxicityRules())

    def files(self) -> tuple[str, ...]:
        return tuple(path for stage in self.word_filters for path in stage.files())

    def check(self, resources: Resources) -> None:
        from filters.classifiers.words_in_image import model_files

        model_files()
        for stage in self.word_filters:
            stage.check(resources)

    def load(self, resources: Resources) -> Judge[Sample]:
        from filters.classifiers.words_in_image import WordReader

        reader = WordReader(
            resources,
            max_side=self.max_side,
            max_boxes=self.max_boxes,
            min_confidence=self.min_confidence,
        )
        judges = [(stage.kind, stage.load(resources)) for stage in self.word_filters]
        return _Judge(self, reader, judges)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        if "lines" not in scores:
            return None
        if self.action == "mark" or not any(name.startswith(_HITS) for name in scores):
            return keep(scores)
        reject = drop if self.action == "drop" else quarantine
        return reject(_REASON, scores)


@dataclass(frozen=True, slots=True)
class _Judge:
    filter: TextInImage
    reader: "WordReader"
    judges: Sequence[tuple[str, Judge[Text]]]

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, item: Sample) -> Verdict:
        from filters.classifiers.words_in_image import NotRead, TooManyBoxes

        boxes: list[TextBox] = []
        hits: Counter[str] = Counter()
        num_lines, fault = 0, ""
        for number, frame in enumerate(item.frames):
            try:
                lines = self.reader.read(frame)
            except TooManyBoxes:
                fault = "too_many_text_boxes"
                continue
            except NotRead:
                fault = "text_not_read"
                continue
            num_lines += len(lines)
            for kind, judge in self.judges:
                found, judged = _find_hits(judge, lines)
                fault = fault if judged else "text_not_judged"
                hits[kind] += len(found)
                # `input.decode: reduced` reduces the first frame.
                size = frame.shape[:2] if number else (item.height, item.width)
                boxes += [
                    _original_box(number, line, kind, frame.shape[:2], size) for line in found
                ]
        scores = {"lines": num_lines, **{f"{_HITS}{kind}": n for kind, n in hits.items() if n}}
        verdict = self.filter.decide(scores)
        assert verdict is not None
        if fault and verdict.action == "keep":
            return indeterminate(fault, scores)
        return Verdict(verdict.action, verdict.reason, scores, boxes=tuple(boxes))


def _original_box(
    number: int, line: "Line", kind: str, read: tuple[int, ...], size: tuple[int, ...]
) -> TextBox:
    """Return the box of a line in pixels of the original; both sizes are [height, width]."""
    (read_height, read_width), (height, width) = read, size
    return TextBox(
        number,
        line.left * width // read_width,
        line.top * height // read_height,
        -(-line.right * width // read_width),
        -(-line.bottom * height // read_height),
        kind,
    )


def _find_hits(judge: Judge[Text], lines: Sequence["Line"]) -> tuple[list["Line"], bool]:
    """Return the lines that a filter would not keep as they are, and whether it judged all texts.

    If all lines together are a hit, but none alone, each line is returned.
    """
    from filters.classifiers.words_in_image import whole_text

    if not lines:
        return [], True
    texts = [*(line.text for line in lines), whole_text(lines)]
    actions = [verdict.action for verdict in judge.judge([Text(text) for text in texts])]
    is_hit = [action not in ("keep", "indeterminate") for action in actions]
    found = [line for line, hit in zip(lines, is_hit[:-1], strict=True) if hit]
    if is_hit[-1] and not found:
        found = list(lines)
    return found, "indeterminate" not in actions
