"""What to do about a reason that takes nearly all samples."""

import pytest

from pipelines.operations.running.advice import main_reason, nothing_kept
from schemas.report import Counts, FilterCounts


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("image_several", "write the extension of one as input.image"),
        ("image_truncated", "input.truncated: accept keeps those that have input.min_decoded_rows"),
        ("text_missing", "`shardmill plan JOB` shows what the first shard holds"),
    ],
)
def test_the_advice_names_the_key_to_set(reason: str, advice: str) -> None:
    counts = Counts(read=20, kept=1, invalid=19, reasons={f"invalid/{reason}": 19})
    start = f"19 of 20 samples of this run are invalid/{reason}: "
    assert (main_reason(counts) or "").startswith(start + advice)
    counts = Counts(read=19, invalid=19, reasons={f"invalid/{reason}": 19})
    assert f"are invalid/{reason}: {advice}" in nothing_kept(counts)


@pytest.mark.parametrize(
    ("dropped", "quarantined", "command"),
    [
        (0, 20, "`shardmill review OUTPUT --reason words/text_word` writes a page"),
        (9, 11, "`shardmill review OUTPUT --reason words/text_word` writes a page"),
        (10, 10, "`shardmill inspect OUTPUT --reason words/text_word` shows their scores"),
        (20, 0, "`shardmill inspect OUTPUT --reason words/text_word` shows their scores"),
    ],
)
def test_quarantined_samples_are_to_be_reviewed(
    dropped: int, quarantined: int, command: str
) -> None:
    counts = Counts(
        read=20,
        dropped=dropped,
        quarantined=quarantined,
        reasons={"words/text_word": 20},
        filters=(FilterCounts(name="words", seen=20, dropped=dropped, quarantined=quarantined),),
    )
    assert command in nothing_kept(counts)
    assert command in (main_reason(counts) or "")
