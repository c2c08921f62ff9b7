"""What to do about a reason that takes nearly all samples."""

import pytest

from pipelines.operations.advice import main_reason, nothing_kept
from schemas.report import Counts


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("image_several", "write the extension of one as input.image, such as left.jpg"),
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
