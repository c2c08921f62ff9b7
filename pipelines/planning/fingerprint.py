"""The fingerprint of a job: SHA-256 of everything that decides the bytes of its output."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

NOT_IN_FINGERPRINT = ("name", "output", "max_error_rate", "runner", "filters_from")


def fingerprint_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of all of a record that decides the bytes of an output."""
    content = {k: v for k, v in record.items() if k not in NOT_IN_FINGERPRINT}
    # In the order as written: that of the tasks is the order of the columns and of the prompts.
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
