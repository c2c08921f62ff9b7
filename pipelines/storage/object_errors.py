"""Sorts the errors of object stores, and turns them into OSErrors or errors of the job."""

import errno
import re
from typing import Literal

from pipelines.storage.paths import parent, scheme
from schemas.errors import JobError

_MAX_CHARACTERS = 200  # of a message of the client's library

# The client's library gives no codes but in its messages; this module alone reads them.
_STATUS = re.compile(r"status code: (\d{3})")
_STORE_CODE = re.compile(r"<Code>(\w{1,60})</Code>|^x-ms-error-code: (\w{1,60})", re.MULTILINE)
_REDIRECTED = "Received redirect without LOCATION"
_LISTED_NAME = re.compile(r'object with invalid path: .*?Path "(.*)"(?:: Enc| cont)', re.DOTALL)
_HEAD = "Error performing HEAD"  # whose answer has no body, and therefore no code

# Codes of S3, and of the service of web identities, for what they refuse with the status 400.
_WRONG_CLOCK = "RequestTimeTooSkewed"  # code of S3: 15 minutes or more apart
_REFUSED_KEYS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidIdentityToken",
    "InvalidToken",
    "TokenRefreshRequired",
)

Fault = Literal["transient", "throttled", "permanent"]


def sort_error(error: Exception) -> Fault:
    """Return whether a request that failed so is sent again.

    `throttled` is transient too: the store asks for fewer requests. Errors without a status are
    those of connections and cut answers, and are transient.
    """
    from obstore.exceptions import GenericError

    if not isinstance(error, GenericError | TimeoutError):
        return "permanent"
    text = str(error)
    status, code = _status(text), _code(text)
    if status in (429, 503) or code == "SlowDown":
        return "throttled"
    if status == 501:  # the store cannot do this at all
        return "permanent"
    if status in (408, 409) or status >= 500 or code == "RequestTimeout":
        return "transient"
    return "permanent" if status or _REDIRECTED in text else "transient"


def os_error(error: Exception, path: str) -> Exception:  # noqa: PLR0911 - a table of errors
    """Return an OSError with an errno and the path `path` for an error of an object store.

    | error of the store | result |
    |---|---|
    | there is no such object | FileNotFoundError |
    | the object exists already | FileExistsError |
    | no or wrong credentials, or no permission | PermissionError |
    | the clock of this machine differs from the store's | OSError with EHOSTDOWN |
    | the object is not in the version that was asked for | OSError with ESTALE |
    | there is no such bucket, or it is in another region | JobError |
    | a listing has an object whose name no object can have | JobError |
    | every other | OSError with EIO |
    """
    from obstore.exceptions import (
        AlreadyExistsError,
        InvalidPathError,
        NotFoundError,
        PermissionDeniedError,
        PreconditionError,
        UnauthenticatedError,
    )

    text = str(error)
    status, code = _status(text), _code(text)
    is_missing = isinstance(error, FileNotFoundError | NotFoundError)
    if code in ("NoSuchBucket", "ContainerNotFound") or (
        status == 404 and not is_missing  # of a listing
    ):
        return JobError(f"{path}: there is no such bucket: create the bucket, or correct its name")
    if _REDIRECTED in text or code in ("PermanentRedirect", "AuthorizationHeaderMalformed"):
        return JobError(f"{path}: the bucket is in another region: {_setting(path, 'region: …')}")
    if is_missing:
        return FileNotFoundError(errno.ENOENT, "no such object", path)
    if isinstance(error, AlreadyExistsError):
        return FileExistsError(errno.EEXIST, "the object exists already", path)
    if code == _WRONG_CLOCK:  # of a request with a body: the answer to HEAD has no code
        message = f"the clock of this machine is wrong ({code}): set it, for example by NTP"
        return OSError(errno.EHOSTDOWN, message, path)
    denied = PermissionDeniedError | UnauthenticatedError | PermissionError
    is_refused = code in _REFUSED_KEYS or (status == 400 and _HEAD in text)
    if isinstance(error, denied) or status in (401, 403) or is_refused:
        reason = f" ({code or status})" if code or is_refused else ""
        message = f"access denied{reason}: check the credentials and the permissions of the bucket"
        return PermissionError(errno.EACCES, message, path)
    if isinstance(error, PreconditionError):
        return changed(path)
    if isinstance(error, InvalidPathError):
        if listed := _LISTED_NAME.search(text):
            name = listed[1][:_MAX_CHARACTERS]
            return JobError(
                f"{path}: has an object with the name {name!r}, which cannot be read: rename or "
                "delete it, or name another folder"
            )
        return OSError(errno.EINVAL, "not a name that an object can have", path)
    return OSError(errno.EIO, _short(text) or type(error).__name__, path)


def changed(path: str) -> OSError:
    """Return the error of an object that is not in the version any more that is read."""
    return OSError(errno.ESTALE, "the object was replaced while it was read", path)


def gone(error: Exception, path: str) -> OSError:
    """Return the error of a store that answers nothing, which is no fault of one object."""
    return OSError(errno.EHOSTDOWN, f"the store does not answer: {_short(str(error))}", path)


def _setting(path: str, setting: str) -> str:
    bucket = path
    while parent(bucket) != bucket:
        bucket = parent(bucket)
    return f'set storage: {{"{bucket or scheme(path)}": {{{setting}}}}}'


def _status(text: str) -> int:
    found = _STATUS.search(text)
    return int(found[1]) if found else 0


def _code(text: str) -> str:
    found = _STORE_CODE.search(text)
    return (found[1] or found[2]) if found else ""


def _short(text: str) -> str:
    """Return what went wrong on one line, without the debug text that follows it.

    Of a server's answer, only status and code are told: the rest may quote credentials.
    """
    if status := _status(text):
        code = _code(text)
        return f"the server answers {status}" + f" ({code})" * bool(code)
    line = text.strip().partition("\n")[0]
    return line.rpartition(" - ")[2][:_MAX_CHARACTERS]
