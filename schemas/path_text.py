"""The type of texts in a job that are paths or names of models."""

import os
import re
from typing import Annotated

from pydantic import AfterValidator

LONGEST_PATH = 4095  # bytes; Linux's PATH_MAX without the zero at its end
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*\}|^\$[A-Za-z_]\w*(?=/|\Z)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # how Python shows bytes that are not UTF-8


def path_problem(path: str) -> str:
    """Return what is wrong with the characters of a path; an empty text if all are valid."""
    if _SURROGATE.search(path):
        return "is not UTF-8"
    if _CONTROL.search(path):
        return "contains a control character, such as a line break"
    return ""


def check_characters(path: str) -> str:
    """Return a path or a pattern of paths; raise ValueError if a character is not valid."""
    if problem := path_problem(path):
        raise ValueError(f"{problem}: remove it")
    if variable := _VARIABLE.search(path):
        raise ValueError(
            f"{variable[0]} is not replaced from the environment: write the path itself, or give "
            "it as --set KEY=PATH, where the shell replaces variables"
        )
    return path


def first_missing(path: str) -> str:
    """Return the shortest beginning of an absolute path that does not exist; "" if all does."""
    missing = ""
    while path not in ("", "/") and not os.path.lexists(path):
        missing, path = path, os.path.dirname(path)
    return missing


def _check_length(path: str) -> str:
    if (size := len(path.encode())) > LONGEST_PATH:
        raise ValueError(f"has {size} bytes, and a path at most {LONGEST_PATH}: shorten it")
    return path


PathText = Annotated[str, AfterValidator(check_characters), AfterValidator(_check_length)]
