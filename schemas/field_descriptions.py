"""Reads the strings below the fields of models, which describe the fields, from their source."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import zip_longest


def field_descriptions(model: type) -> dict[str, str]:
    """Return the descriptions of a model's fields, its bases' included, by name.

    A field without a description is omitted, and so is every field of a class whose source cannot
    be read, such as one typed into an interpreter.
    """
    found: dict[str, str | None] = {}
    for base in reversed(model.__mro__):
        if "__annotations__" in vars(base):
            found |= _in_module(base.__module__).get(base.__qualname__, {})
    return {name: text for name, text in found.items() if text is not None}


@cache
def _in_module(name: str) -> Mapping[str, Mapping[str, str | None]]:
    """Return the fields of each class of a module, by the class's qualified name."""
    try:
        source = inspect.getsource(sys.modules[name])
    except (KeyError, OSError, TypeError):
        return {}
    return dict(_classes(ast.parse(source).body, ""))


def _classes(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield f"{prefix}{statement.name}", dict(_fields(statement.body))
            yield from _classes(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.FunctionDef):
            yield from _classes(statement.body, f"{prefix}{statement.name}.<locals>.")


def _fields(body: list[ast.stmt]) -> Iterator[tuple[str, str | None]]:
    for statement, following in zip_longest(body, body[1:]):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, _text(following)


def _text(statement: ast.stmt | None) -> str | None:
    """Return the text of a statement that is a string alone."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return inspect.cleandoc(value.value)
    return None
