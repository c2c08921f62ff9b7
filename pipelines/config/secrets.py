"""Refuses secrets in a job, because job.record stores the job, and `plan` prints the job."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from filters.text_analysis.recognizers.credentials import (
    AUTH_TOKEN,
    AWS_CREDENTIALS,
    ENCRYPTION_KEY,
    GCP_API_KEY,
)
from filters.text_analysis.recognizers.prefilter import Signs
from pipelines.storage.urls import is_signed
from schemas.errors import JobError

_RECOGNIZERS = (ENCRYPTION_KEY, AWS_CREDENTIALS, GCP_API_KEY, AUTH_TOKEN)
_USER = re.compile(r"://[^/?#\s@]*:[^/?#\s@]+@")
_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|credential|api_?key|access_?key|account_?key|private_?key"
    r"|connection_?string|(?<!kms)_key\Z",
    re.IGNORECASE,
)
# In options that name a place or a rule, such as --token_file and PASSWORD_FILE.
_NOT_SECRET_NAME = re.compile(r"(?:file|path|name|class|url|uri|type|provider)s?\Z", re.IGNORECASE)
_OPTION = re.compile(r"--?([\w.-]+)(?:=(.*))?\Z", re.DOTALL)
_REFERENCE = re.compile(r"\$\{(\w+)\}")  # to an environment variable


def refuse_secrets(job: Mapping[str, Any]) -> None:
    """Raise JobError, without the secret, if the keys or values of a job hold a secret.

    Only known forms of secrets are found. The texts of `tasks` are not searched, because they are
    prompts, which may speak of passwords.
    """
    runner = job.get("runner")
    if isinstance(runner, Mapping):
        refuse_secret_options(runner.get("options"))
    for key, value in job.items():
        if key != "tasks":
            for place, text in _texts(value, str(key)):
                if _holds_secret(text):
                    raise _refusal(place)
    if isinstance(runner, Mapping):
        for place, text in _texts(runner.get("runtime_env"), "runner.runtime_env"):
            if _names_secret(place.rpartition(".")[2]) and _REFERENCE.sub("", text):
                raise _refusal(place)


def refuse_secret_options(options: Any) -> None:
    """Raise JobError if Beam's options hold a secret; a reference `${NAME}` is no secret."""
    if not isinstance(options, list | tuple):
        return
    following = ""  # the option before, if its value is the next text
    for option in (each for each in options if isinstance(each, str)):
        match = _OPTION.match(option)
        name, value = (match[1], match[2]) if match else (following, option)
        following = name if match and value is None else ""
        is_secret = bool(value) and _names_secret(name) and _REFERENCE.sub("", value or "")
        if is_secret or _holds_secret(option):
            raise _refusal("runner.options" + f": --{name}" * bool(name))


def from_environment(text: str, field: str) -> str:
    """Replace each `${NAME}` by an environment variable; raise JobError if one is not set."""
    return _REFERENCE.sub(lambda match: environment_value(match[1], field), text)


def environment_value(name: str, field: str) -> str:
    """Return the value of an environment variable; raise JobError if the variable is not set."""
    try:
        return os.environ[name]
    except KeyError:
        raise JobError(f"{field}: {name} is not set in the environment: export it") from None


def _refusal(place: str) -> JobError:
    if place.startswith("runner.runtime_env"):
        way_out = "name the variable in runner.pass_env, which takes its value when a run starts"
    elif place.startswith("runner.options"):
        way_out = "write ${NAME}, which is replaced from the environment when a run starts"
    else:
        way_out = "remove it, and let the environment hold credentials"
    return JobError(f"{place}: holds a secret, which would be stored in job.record: {way_out}")


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield (place, text) of each text in a value; raise JobError if a key holds a secret."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if _holds_secret(str(key)):
                raise _refusal(place)
            yield from _texts(inner, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")


def _names_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET_NAME.search(name)


def _holds_secret(text: str) -> bool:
    signs = Signs(text)
    return bool(_USER.search(text) or is_signed(text)) or any(
        recognizer.prefilter.passes(signs) and any(recognizer.find(text))
        for recognizer in _RECOGNIZERS
    )
