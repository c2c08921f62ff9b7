"""The fingerprint of a job: SHA-256 of everything that decides the bytes of its output."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

NOT_IN_FINGERPRINT = ("name", "output", "max_error_rate", "runner", "filters_from", "manifest")


def fingerprint_of(record: Mapping[str, Any]) -> str:
    """Hash a record (the content of job.record) without the keys of NOT_IN_FINGERPRINT."""
    content = {k: v for k, v in record.items() if k not in NOT_IN_FINGERPRINT}
    # Keys are not sorted: the order of the tasks decides the order of columns and prompts.
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
