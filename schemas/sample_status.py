"""The status of a sample."""

from typing import Literal, get_args

SampleStatus = Literal["kept", "dropped", "quarantined", "invalid"]


SAMPLE_STATUSES: tuple[SampleStatus, ...] = get_args(SampleStatus)
