"""The failure of one request to a service, without the service's message."""

from collections.abc import Mapping

# Codes of google.rpc.Code -> the reason why a unit fails if retries do not help.
RETRIED: Mapping[str, str] = {
    "UNAVAILABLE": "service_unavailable",
    "INTERNAL": "service_unavailable",
    "UNKNOWN": "service_unavailable",
    "ABORTED": "service_unavailable",
    "CANCELLED": "service_unavailable",
    "DEADLINE_EXCEEDED": "service_timeout",
    "RESOURCE_EXHAUSTED": "service_quota_exhausted",
}


class RequestFailed(Exception):
    """One request failed; the service's message is left out, because it can quote the request.

    `code` is a name of google.rpc.Code, `detail` a code that the service adds, such as
    COMMENT_EMPTY, and `retry_after` the seconds that the service asks to wait.
    """

    def __init__(self, code: str, detail: str = "", retry_after: float = 0.0) -> None:
        super().__init__(code, detail, retry_after)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
