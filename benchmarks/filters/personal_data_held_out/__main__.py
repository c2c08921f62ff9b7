"""Measure `personal_data` on lines that were not written from its rules.

    python -m benchmarks.filters.personal_data_held_out [--show]

docs/output.md says which sets were used to extend the rules. `--show` prints the lines with errors,
all of them made up.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable

import shardmill
from benchmarks.filters.personal_data_held_out.disguises import disguised, third_disguised
from benchmarks.filters.personal_data_held_out.generated import (
    DATA,
    harmless_lines,
    look_alikes,
    national_lines,
    phone_lines,
)

REPLACED = re.compile(r"\[[A-Z_]+\]")


def redacted(lines: list[str]) -> list[str]:
    return [str(row["text"]) for row in shardmill.judge(lines, "personal_data")]


def report(title: str, found: Counter[str], asked: Counter[str]) -> None:
    print(f"{title}: {found.total()} of {asked.total()} ({found.total() / asked.total():.3f})")
    for name in asked:
        if found[name] < asked[name]:
            print(f"  {name:36} {found[name]:3} of {asked[name]}")


def read_phones(name: str) -> list[tuple[str, str, str]]:
    """Return language, text and the digits of its number."""
    lines = []
    for line in (DATA / name).read_text("utf-8").splitlines():
        language, sentence = line.split("\t")
        number = sentence.split("[[")[1].split("]]")[0]
        text = sentence.replace("[[", "").replace("]]", "")
        lines.append((language, text, re.sub(r"\D", "", number)))
    return lines


def find_phones(title: str, lines: list[tuple[str, str, str]]) -> list[str]:
    """Report the recall on `lines`, and return the lines with a missed number."""
    found, asked = Counter[str](), Counter[str]()
    missed = []
    texts = redacted([text for _, text, _ in lines])
    for (group, _, digits), text in zip(lines, texts, strict=True):
        asked[group] += 1
        # Nothing of the number may stay: its last four digits are unlike every extension.
        if "[PHONE_NUMBER]" in text and digits[-4:] not in re.sub(r"\D", "", text):
            found[group] += 1
        else:
            missed.append(text)
    report(title, found, asked)
    return missed


def find_disguises(title: str, cases: Iterable[tuple[str, str, str]]) -> list[str]:
    """Report the disguised values that are replaced as a whole, and return the others."""
    found, asked = Counter[str](), Counter[str]()
    missed = []
    listed = list(cases)
    texts = redacted([f"Contact: {value}" for _, _, value in listed])
    for (name, infotype, _), text in zip(listed, texts, strict=True):
        asked[name] += 1
        if text.strip() == f"Contact: [{infotype}]":
            found[name] += 1
        else:
            missed.append(f"{name}, {infotype}: {text}")
    report(title, found, asked)
    return missed


def leave_alone(title: str, lines: list[str]) -> list[str]:
    """Report the share of harmless `lines` that stay as they are, and return the others."""
    changed = [
        f"{line} -> {text}"
        for line, text in zip(lines, redacted(lines), strict=True)
        if REPLACED.search(text)
    ]
    kept = len(lines) - len(changed)
    print(f"{title}: {kept} of {len(lines)} ({kept / len(lines):.3f})")
    return changed


def main() -> None:
    missed = find_phones("Telephone numbers found", read_phones("phones.txt"))
    missed += find_phones("Telephone numbers found, second set", read_phones("phones_second.txt"))
    third = [(f"{frame}, {shape}", text, digits) for frame, shape, text, digits in phone_lines()]
    missed += find_phones("Telephone numbers found, third set", third)
    fourth = [(f"{language}, {frame}", *rest) for language, frame, *rest in national_lines()]
    missed += find_phones("Telephone numbers found, fourth set", fourth)
    harmless = (DATA / "harmless.txt").read_text("utf-8").splitlines()
    changed = leave_alone("Harmless lines left alone", harmless)
    changed += leave_alone("Harmless lines left alone, third set", list(harmless_lines()))
    changed += leave_alone("Look-alikes left alone, half for writing", list(look_alikes(0)))
    leave_alone("Look-alikes left alone, half set aside", list(look_alikes(1)))
    missed += find_disguises("Disguises found", disguised())
    missed += find_disguises("Disguises found, third set", third_disguised())
    if "--show" in sys.argv[1:]:
        print(json.dumps({"missed": missed, "changed": changed}, ensure_ascii=False, indent=1))


main()
