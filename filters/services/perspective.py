"""Asks the Perspective API over HTTPS; its key comes from the environment."""

import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from filters.services.request_failed import RequestFailed
from schemas.errors import JobError, ServiceFault

_URL = "https://commentanalyzer.googleapis.com"
_PATH = "/v1alpha1/comments:analyze"
_MAX_ANSWER = 1 << 20  # bytes
_CODES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    501: "INVALID_ARGUMENT",  # UNIMPLEMENTED: none of the languages is supported
    504: "DEADLINE_EXCEEDED",
}
_KEY_ERRORS = ("API_KEY_INVALID", "API_KEY_EXPIRED")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a text goes to the service alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Perspective:
    """The service, with its key."""

    def __init__(self, kind: str, key_variable: str, endpoint: str | None) -> None:
        key = os.environ.get(key_variable)
        if not key:
            raise JobError(f"{kind}: {key_variable} is not set in the environment: export it")
        self._url = (endpoint or _URL).rstrip("/") + _PATH
        self._headers = {"Content-Type": "application/json", "X-Goog-Api-Key": key}
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if self._url.startswith("http://"):  # on this machine
            handlers.append(urllib.request.ProxyHandler({}))
        else:
            context = ssl.create_default_context()
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)

    def attempt(
        self, text: str, language: str, attributes: Sequence[str], seconds: float
    ) -> dict[str, float]:
        """Return the probability of each attribute that the service answers, from one request.

        Raises RequestFailed for an error of the service, and ServiceFault for an answer that is
        not one.
        """
        content = {
            "comment": {"text": text, "type": "PLAIN_TEXT"},
            "requestedAttributes": {name.upper(): {} for name in attributes},
            "doNotStore": True,
            **({"languages": [language]} if language else {}),
        }
        request = urllib.request.Request(
            self._url, json.dumps(content).encode(), self._headers, method="POST"
        )
        return _scores(self._fetch(request, seconds), attributes)

    def _fetch(self, request: urllib.request.Request, seconds: float) -> bytes:
        try:
            with self._opener.open(request, timeout=seconds) as response:
                body: bytes = response.read(_MAX_ANSWER)
                if response.length:  # the connection broke, or the answer is too long
                    raise RequestFailed("UNAVAILABLE")
                return body
        except urllib.error.HTTPError as error:
            with error:
                raise _failure(error) from None
        except TimeoutError:
            raise RequestFailed("DEADLINE_EXCEEDED") from None
        except urllib.error.URLError as error:
            timed_out = isinstance(error.reason, TimeoutError)
            raise RequestFailed("DEADLINE_EXCEEDED" if timed_out else "UNAVAILABLE") from None
        except (OSError, http.client.HTTPException):
            raise RequestFailed("UNAVAILABLE") from None


def _scores(body: bytes, attributes: Sequence[str]) -> dict[str, float]:
    try:
        answer = json.loads(body)["attributeScores"]
        scores = {
            name: float(answer[name.upper()]["summaryScore"]["value"])
            for name in attributes
            if name.upper() in answer
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ServiceFault("service_answer_incomplete") from None
    return {name: score for name, score in scores.items() if isfinite(score)}


def _failure(error: urllib.error.HTTPError) -> RequestFailed:
    code = _CODES.get(error.code, "UNAVAILABLE" if error.code >= 500 else "FAILED_PRECONDITION")
    detail = ""
    try:
        details = json.loads(error.read(_MAX_ANSWER))["error"]["details"]
        codes = [str(each.get("errorType") or each.get("reason") or "") for each in details]
        detail = next((each for each in codes if each), "")
    except (ValueError, KeyError, TypeError, AttributeError, OSError, http.client.HTTPException):
        pass  # the status says enough
    if detail in _KEY_ERRORS:
        code = "UNAUTHENTICATED"
    after = error.headers.get("Retry-After", "")
    return RequestFailed(code, detail, float(after) if after.isdecimal() else 0.0)
