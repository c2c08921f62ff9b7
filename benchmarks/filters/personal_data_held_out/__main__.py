"""Measure `personal_data` on lines that were written before its rules were read."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

import shardmill

DATA = Path(__file__).parent
VALUES = {
    "email": ("jonas.falk@kettelworks.org", "mira_28@blue-harbor.net"),
    "card": ("4539 1488 0343 6467", "5425-2334-3010-9903"),
    "phone": ("+1 415 738 2916", "+49 171 3847296"),
}
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NAMED = {"@": "&commat;", ".": "&period;", "+": "&plus;", "-": "&hyphen;", " ": "&nbsp;"}
HOMOGLYPHS = str.maketrans({"a": "а", "e": "е", "o": "о", "0": "О", "1": "l"})


def each(text: str, shape: str) -> str:
    return "".join(shape.format(ord(letter)) for letter in text)


def marks(text: str, shape: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", lambda found: shape.format(ord(found[0])), text)


def between(text: str, separator: str) -> str:
    """`text` with `separator` for its spaces and hyphens, or around the @ of an address."""
    if "@" in text:
        return text.replace("@", f"{separator}@{separator}")
    return re.sub(r"[ -]", separator, text)


def spelled(text: str, at: str, dot: str) -> str:
    if "@" in text:
        return text.replace("@", at).replace(".", dot)
    return re.sub(r"\d", lambda found: DIGIT_WORDS[int(found[0])] + " ", text)


DISGUISES = {
    "percent": lambda text: quote(text, safe=""),
    "percent, every character": lambda text: each(text, "%{:02X}"),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "entity, named": lambda text: "".join(NAMED.get(letter, letter) for letter in text),
    "entity, decimal": lambda text: marks(text, "&#{};"),
    "entity, hexadecimal": lambda text: marks(text, "&#x{:x};"),
    "entity, every character": lambda text: each(text, "&#{};"),
    "entity twice": lambda text: escape(marks(text, "&#{};")),
    "escape": lambda text: marks(text, "\\u{:04x}"),
    "escape, every character": lambda text: each(text, "\\u{:04X}"),
    "tag": lambda text: between(text, "<br>"),
    "tag with attribute": lambda text: between(text, '<span class="x"></span>'),
    "underscore": lambda text: between(text, "_"),
    "full width": lambda text: text.translate(FULL_WIDTH),
    "spelled": lambda text: spelled(text, " at ", " dot "),
    "spelled in brackets": lambda text: spelled(text, " [at] ", " [dot] "),
    "zero width": "\u200b".join,
    "homoglyph": lambda text: text.translate(HOMOGLYPHS),
    "full width in percent": lambda text: quote(text.translate(FULL_WIDTH), safe=""),
    "zero width in entities": lambda text: marks("\u200d".join(text), "&#{};"),
}


def redacted(lines: list[str]) -> list[str]:
    return [str(row["text"]) for row in shardmill.judge(lines, "personal_data")]


def disguised() -> Iterator[tuple[str, str, str]]:
    """Name of the disguise, kind of the value, the value as the disguise writes it."""
    for name, disguise in DISGUISES.items():
        for kind, values in VALUES.items():
            for value in values:
                yield name, kind, disguise(value)


def report(title: str, found: Counter[str], asked: Counter[str]) -> None:
    print(f"{title}: {found.total()} of {asked.total()} ({found.total() / asked.total():.3f})")
    for name in asked:
        print(f"  {name:28} {found[name]:3} of {asked[name]}")


def find_phones(name: str, title: str) -> list[str]:
    """Report the recall on the file `name`, and return the lines with a missed number."""
    found, asked = Counter[str](), Counter[str]()
    missed = []
    pairs = [line.split("\t") for line in (DATA / name).read_text("utf-8").splitlines()]
    plain = [re.sub(r"\[\[|\]\]", "", sentence) for _, sentence in pairs]
    for (language, sentence), text in zip(pairs, redacted(plain), strict=True):
        asked[language] += 1
        # Nothing of the number may stay: its last four digits are unlike every extension.
        digits = re.sub(r"\D", "", sentence.split("[[")[1].split("]]")[0])
        if "[PHONE_NUMBER]" in text and digits[-4:] not in re.sub(r"\D", "", text):
            found[language] += 1
        else:
            missed.append(text)
    report(title, found, asked)
    return missed


def main() -> None:
    missed = find_phones("phones.txt", "Telephone numbers found")
    missed += find_phones("phones_second.txt", "Telephone numbers found, second set")
    lines = (DATA / "harmless.txt").read_text("utf-8").splitlines()
    changed = [text for text in redacted(lines) if re.search(r"\[[A-Z_]+\]", text)]
    kept = len(lines) - len(changed)
    print(f"Harmless lines left alone: {kept} of {len(lines)} ({kept / len(lines):.3f})")

    cases = list(disguised())
    texts = redacted([f"Contact: {value}" for _, _, value in cases])
    found, asked = Counter[str](), Counter[str]()
    for (name, kind, _), text in zip(cases, texts, strict=True):
        asked[f"{name}"] += 1
        if re.search(r"\[[A-Z_]+\]", text):
            found[name] += 1
        else:
            missed.append(f"{name}, {kind}: {text}")
    report("Disguises found", found, asked)
    print(json.dumps({"missed": missed, "changed": changed}, ensure_ascii=False, indent=1))


main()
