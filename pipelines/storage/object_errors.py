"""Turns the errors of object stores into OSErrors, by which faults are sorted."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_MAX_CHARACTERS = 200  # of a store's own message, which may be a page of XML


@contextmanager
def os_errors(path: str) -> Iterator[None]:
    """Raise an OSError with an errno and the path `path` for an error of an object store.

    | error of the store | OSError |
    |---|---|
    | there is no such object or bucket | FileNotFoundError |
    | the object exists already | FileExistsError |
    | no or wrong credentials, or no permission | PermissionError |
    | the object is not in the version that was asked for | ESTALE |
    | every other | EIO |
    """
    from obstore.exceptions import (
        AlreadyExistsError,
        BaseError,
        InvalidPathError,
        NotFoundError,
        PermissionDeniedError,
        PreconditionError,
        UnauthenticatedError,
    )

    try:
        yield
    except (FileNotFoundError, NotFoundError):
        raise FileNotFoundError(errno.ENOENT, "no such object or bucket", path) from None
    except AlreadyExistsError:
        raise FileExistsError(errno.EEXIST, "the object exists already", path) from None
    except (PermissionDeniedError, UnauthenticatedError, PermissionError):
        message = "access denied: check the credentials and the permissions of the bucket"
        raise PermissionError(errno.EACCES, message, path) from None
    except PreconditionError:
        message = "the object was replaced while it was read"
        raise OSError(errno.ESTALE, message, path) from None
    except InvalidPathError:
        raise OSError(errno.EINVAL, "not a name that an object can have", path) from None
    except (BaseError, OSError) as error:
        if "NoSuchBucket" in str(error) or "404 Not Found" in str(error):  # of a listing
            raise FileNotFoundError(errno.ENOENT, "there is no such bucket", path) from None
        raise OSError(errno.EIO, _short(error), path) from None


def _short(error: Exception) -> str:
    """Return the first line of a store's message, without the debug text that follows it."""
    text = str(error).strip().partition("\n")[0]
    return text[:_MAX_CHARACTERS] or type(error).__name__
