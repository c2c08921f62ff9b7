"""Shows the descriptions of the job file's keys, in a terminal and as a page of the docs."""

from collections.abc import Iterable, Iterator

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from pipelines.config.reference import Key, Section, sections

_HEAD = """\
# The keys of a job file

Every key with its values, its default and its meaning; [jobs.md](jobs.md) explains how keys are
used. `shardmill explain KEY` shows the same in a terminal. `make reference` writes this page from
the docstrings in the source.
"""


def explanation(entries: Iterable[Key | Section]) -> Group:
    """Build the text that explains some keys and sections."""
    lines: list[Text | Padding] = []
    described = ""
    for entry in entries:
        is_more = isinstance(entry, Section) and entry.description == described
        if not is_more:  # a group is a key too, and its section continues the explanation
            lines += [Text("")] if lines else []
            lines.append(Text(entry.path or "the job", style="bold"))
        if isinstance(entry, Key):
            lines += _key_lines(entry, entry.description, 2)
        else:
            lines += [] if is_more else _indented(entry.description, 2)
            lines += _section_lines(entry)
        described = entry.description
    return Group(*lines)


def _section_lines(section: Section) -> Iterator[Text | Padding]:
    if section.kinds:
        yield Text("\nkinds", style="bold")
    for kind in section.kinds:
        yield from _indented(kind.path, 2)
        yield from _indented(kind.summary, 6)
    if section.keys:
        yield Text("\nkeys of every kind" if section.kinds else "\nkeys", style="bold")
    for key in section.keys:
        yield from _indented(key.name, 2)
        yield from _key_lines(key, key.summary, 6)


def _key_lines(key: Key, description: str, indent: int) -> Iterator[Padding]:
    yield from _indented(f"{key.values}; {_default(key)}", indent)
    yield from _indented(description, indent)


def _indented(text: str, indent: int) -> Iterator[Padding]:
    for paragraph in text.split("\n\n"):
        yield Padding(Text(paragraph), (0, 0, 0, indent), expand=False)


def _default(key: Key) -> str:
    return key.default if key.default == "required" else f"default: {key.default}"


def reference_page() -> str:
    """Return the Markdown of docs/reference.md: all keys, section by section."""
    groups = {section.path: section for section in sections() if section.kinds}
    return "\n".join([_HEAD, *(_markdown(each, groups.get(each.kind_of)) for each in sections())])


def _markdown(section: Section, group: Section | None) -> str:
    """Return the Markdown of a section; keys that all kinds of its `group` share are left out."""
    shared = {key.name for key in group.keys} if group else set()
    level = "###" if "." in section.path else "##"
    parts = [f"{level} {section.path or 'The job'}", section.description]
    if keys := [key for key in section.keys if key.name not in shared]:
        if section.kinds:
            parts.append("Every kind has these keys:")
        parts.append(_table(["key", "values", "default", "meaning"], map(_cells, keys)))
    if section.kinds:
        rows = ([_link(kind.path), kind.summary] for kind in section.kinds)
        parts.append(_table(["kind", "what it does"], rows))
    if group and group.keys:
        parts.append(f"It also has the keys of [every kind](#{group.path.replace('.', '')}).")
    return "\n\n".join(parts) + "\n"


def _link(path: str) -> str:
    return f"[`{path.rpartition('.')[2]}`](#{path.replace('.', '')})"


def _cells(key: Key) -> list[str]:
    default = key.default if key.default == "required" else f"`{key.default}`"
    return [f"`{key.name}`", key.values, default, key.description.replace("\n\n", " ")]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(c.replace('|', chr(92) + '|') for c in row)} |" for row in lines
    )
