"""Google's own clients over gRPC: their making, and the translation of their errors."""

from collections.abc import Callable
from typing import Any, TypeVar

from filters.services.request_failed import RequestFailed
from schemas.errors import JobError

Answer = TypeVar("Answer")
_MAX_MESSAGE = 64 << 20  # bytes of a request or an answer


def make_client(client: Any, transport: Any, endpoint: str | None, kind: str) -> Any:
    """Return a client of the class `client`, with the credentials that it finds by itself.

    An endpoint that begins with http:// is on this machine, and gets no credentials. Raises
    JobError if there are no credentials.
    """
    from google.auth.exceptions import GoogleAuthError

    if endpoint and endpoint.startswith("http://"):
        import grpc

        options = [
            ("grpc.max_send_message_length", _MAX_MESSAGE),
            ("grpc.max_receive_message_length", _MAX_MESSAGE),
            ("grpc.enable_http_proxy", 0),
        ]
        host = endpoint.removeprefix("http://").rstrip("/")
        return client(transport=transport(channel=grpc.insecure_channel(host, options=options)))
    place = {"api_endpoint": endpoint.removeprefix("https://").rstrip("/")} if endpoint else {}
    try:
        return client(client_options=place)
    except GoogleAuthError as error:
        raise JobError(
            f"{kind}: Google's client finds no credentials ({type(error).__name__}): set "
            "GOOGLE_APPLICATION_CREDENTIALS, or run: gcloud auth application-default login"
        ) from None


def attempt(method: Callable[..., Answer], request: Any, seconds: float) -> Answer:
    """Call a method of a client once, without the client's own retries.

    Raises RequestFailed for every error of the service, without its message.
    """
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError, TransportError

    try:
        return method(request=request, retry=None, timeout=seconds)
    except GoogleAPICallError as error:
        code = error.grpc_status_code
        raise RequestFailed(code.name if code is not None else "UNKNOWN") from None
    except (RetryError, TransportError):
        raise RequestFailed("UNAVAILABLE") from None
    except GoogleAuthError:
        raise RequestFailed("UNAUTHENTICATED") from None
