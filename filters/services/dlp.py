"""Asks Cloud DLP to replace personal data in tables of texts, cut to the service's limits."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from filters.services.batches import in_batches
from filters.services.google_clients import attempt, make_client
from filters.services.request_failed import RequestFailed
from filters.services.requests import Requests
from schemas.errors import JobError, ServiceFault

_MAX_BYTES = 524_288  # of a request
_MAX_VALUES = 50_000  # of a table
_MAX_FINDINGS = 3_000  # in a table; with so many, others may have been left out
_ROW_BYTES = 24  # of a row beside its text, at most: three lengths and three tags
_COLUMN = "text"
_SUCCESS = 1  # TransformationResultCode
_HARMLESS = "a"  # a text that the service accepts if it accepts the settings


class Dlp:
    """The service with the settings of a filter."""

    def __init__(
        self,
        requests: Requests,
        kind: str,
        *,
        parent: str,
        infotypes: Sequence[str],
        min_likelihood: str,
        endpoint: str | None,
    ) -> None:
        from google.cloud.dlp_v2 import DlpServiceClient
        from google.cloud.dlp_v2.services.dlp_service.transports import DlpServiceGrpcTransport
        from google.cloud.dlp_v2.types import DeidentifyContentRequest

        self._client = make_client(DlpServiceClient, DlpServiceGrpcTransport, endpoint, kind)
        self._requests = requests
        self._kind = kind
        self._settings = {
            "parent": parent,
            "inspect_config": {
                "info_types": [{"name": name} for name in infotypes],
                "min_likelihood": min_likelihood,
                "include_quote": False,
            },
            "deidentify_config": {"record_transformations": _replace_by_infotype()},
        }
        empty = DeidentifyContentRequest(self._request([]))
        size = len(DeidentifyContentRequest.serialize(empty))
        self._room = _MAX_BYTES - size - _ROW_BYTES
        self._accepted = False  # whether the service has accepted the settings

    def fits(self, text: str) -> bool:
        """Return whether a text is small enough for a request."""
        return _row_bytes(text) <= self._room

    def replace(self, texts: Sequence[str]) -> list[str | None]:
        """Return each text with placeholders for its personal data; None if it is refused.

        Raises ServiceFault if an answer is cut or does not fit the texts.
        """
        tables = list(in_batches(texts, _row_bytes, max_items=_MAX_VALUES, max_size=self._room))
        answers = self._requests.each(self._replace_table, tables)
        return [text for answer in answers for text in answer]

    def _replace_table(self, texts: Sequence[str]) -> list[str | None]:
        """Ask about a table; a table that is refused, or has too many findings, in halves."""
        try:
            answer = self._requests.send(lambda seconds: self._attempt(texts, seconds))
        except RequestFailed:
            if len(texts) > 1:
                return self._halves(texts)
            self._check_settings()
            return [None]
        self._accepted = True
        if _count_findings(answer) >= _MAX_FINDINGS:
            return self._halves(texts) if len(texts) > 1 else [None]
        rows = answer.item.table.rows
        if len(rows) != len(texts) or any(len(row.values) != 1 for row in rows):
            raise ServiceFault("service_answer_incomplete")
        return [row.values[0].string_value for row in rows]

    def _halves(self, texts: Sequence[str]) -> list[str | None]:
        middle = len(texts) // 2
        return self._replace_table(texts[:middle]) + self._replace_table(texts[middle:])

    def _check_settings(self) -> None:
        """Raise JobError if the service refuses a harmless text too: the settings are wrong."""
        if self._accepted:
            return
        try:
            self._requests.send(lambda seconds: self._attempt([_HARMLESS], seconds))
        except RequestFailed:
            raise JobError(
                f"{self._kind}: the service refuses the settings (INVALID_ARGUMENT): check "
                "project, location and infotypes"
            ) from None
        self._accepted = True

    def _attempt(self, texts: Sequence[str], seconds: float) -> Any:
        return attempt(self._client.deidentify_content, self._request(texts), seconds)

    def _request(self, texts: Sequence[str]) -> dict[str, Any]:
        rows = [{"values": [{"string_value": text}]} for text in texts]
        table = {"headers": [{"name": _COLUMN}], "rows": rows}
        return {**self._settings, "item": {"table": table}}


def _row_bytes(text: str) -> int:
    """Return the bytes that a text takes in a table, at most."""
    return len(text.encode()) + _ROW_BYTES


def _replace_by_infotype() -> dict[str, Any]:
    transformation: dict[str, Any] = {
        "primitive_transformation": {"replace_with_info_type_config": {}}
    }
    each = {
        "fields": [{"name": _COLUMN}],
        "info_type_transformations": {"transformations": [transformation]},
    }
    return {"field_transformations": [each]}


def _count_findings(answer: Any) -> int:
    """Count the findings of a table; raise ServiceFault if one could not be replaced."""
    results = [
        result for summary in answer.overview.transformation_summaries for result in summary.results
    ]
    if any(result.code != _SUCCESS for result in results):
        raise ServiceFault("service_answer_incomplete")
    return sum(result.count for result in results)


def rename_placeholders(
    before: str, after: str, placeholders: Mapping[str, str]
) -> tuple[str, dict[str, int]]:
    """Check that `after` is `before` with placeholders; return it with their final names.

    `placeholders` maps each infotype to the name of its placeholder. Also returns the number of new
    placeholders by name. Raises ServiceFault if anything else of the text was changed or cut.
    """
    names = "|".join(map(re.escape, placeholders))
    pieces = re.split(rf"\[({names})\]", after)
    kept, found = pieces[::2], pieces[1::2]
    position = len(kept[0])
    if not before.startswith(kept[0]) or not before.endswith(kept[-1]):
        raise ServiceFault("service_answer_incomplete")
    for piece in kept[1:-1]:  # at least one character was replaced before each piece
        start = before.find(piece, position + 1)
        if start < 0:
            raise ServiceFault("service_answer_incomplete")
        position = start + len(piece)
    if found and position + 1 > len(before) - len(kept[-1]):
        raise ServiceFault("service_answer_incomplete")
    if not found and after != before:
        raise ServiceFault("service_answer_incomplete")
    counts = Counter(found)
    counts.subtract(re.findall(rf"\[({names})\]", before))  # they were there before
    text = "".join(
        piece if number % 2 == 0 else f"[{placeholders[piece]}]"
        for number, piece in enumerate(pieces)
    )
    new: Counter[str] = Counter()
    for name, count in counts.items():
        if count > 0:
            new[placeholders[name]] += count
    return text, dict(new)
