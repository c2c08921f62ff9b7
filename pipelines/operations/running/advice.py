"""Says what to look at where a job keeps few samples or none, or carries nothing."""

from schemas.report import Counts

NULL_COLUMN = (
    "is null in every kept row: `shardmill plan JOB` shows what the first shard holds: correct "
    "input.carry"
)
_ADVICE = {
    "invalid/image_several": (
        "write the extension of one as input.image: `shardmill plan JOB` shows them"
    ),
    "where/not_selected": "their values in the output of filters_from do not fulfill `where`",
    "invalid/image_truncated": (
        "input.truncated: accept keeps those that have input.min_decoded_rows of their rows"
    ),
}
_NEARLY_ALL = 0.95  # share of the samples


def main_reason(counts: Counts) -> str | None:
    """Say that one reason takes nearly all samples, and what to look at; None if none does."""
    reason, number = max(counts.reasons.items(), key=lambda item: item[1], default=("", 0))
    if number < _NEARLY_ALL * counts.read or not number:
        return None
    advice = _what_to_look_at(reason, counts)
    return f"{number} of {counts.read} samples of this run are {reason}: {advice}"


def nothing_kept(counts: Counts | None) -> str:
    """Say that an output keeps no sample, why most are not kept, and what to look at."""
    if counts is None or not counts.read:
        return "no sample was kept: the shards hold no sample: check input.shards"
    reason, number = max(counts.reasons.items(), key=lambda item: item[1])
    advice = _what_to_look_at(reason, counts)
    return f"no sample was kept: {number} of {counts.read} are {reason}: {advice}"


def _what_to_look_at(reason: str, counts: Counts) -> str:
    if reason in _ADVICE:
        return _ADVICE[reason]
    by = reason.partition("/")[0]
    if by == "invalid":
        return (
            "`shardmill plan JOB` shows what the first shard holds and what the job takes of it: "
            "correct input"
        )
    if _quarantines(by, counts):
        return (
            f"`shardmill review OUTPUT --reason {reason}` writes a page on which you accept or "
            f"reject them: if the filter {by} is too strict, change its thresholds"
        )
    return (
        f"`shardmill inspect OUTPUT --reason {reason}` shows their scores: if the filter {by} is "
        "too strict, change its thresholds"
    )


def _quarantines(name: str, counts: Counts) -> bool:
    """Return whether the filter put aside more samples than it dropped."""
    return any(each.quarantined > each.dropped for each in counts.filters if each.name == name)
