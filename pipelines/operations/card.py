"""`shardmill card`: writes the documents with which a dataset is handed on."""

import os
from collections.abc import Callable
from typing import NamedTuple

from pipelines.dossier.card_page import card_page
from pipelines.dossier.croissant import croissant_document
from pipelines.dossier.datasheet import datasheet_page
from pipelines.dossier.facts import Facts
from pipelines.dossier.gather import gather_facts
from pipelines.dossier.questions import open_questions
from pipelines.dossier.training_content import training_content_page
from pipelines.output.output import open_output
from pipelines.storage.paths import absolute, join, refuse_file, refuse_unwritable
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from pipelines.storage.urls import check_url
from schemas.errors import JobError

DOCUMENTS: dict[str, Callable[[Facts], str]] = {
    "README.md": card_page,
    "datasheet.md": datasheet_page,
    "croissant.json": croissant_document,
    "training-content.md": training_content_page,
}


class Dossier(NamedTuple):
    """The documents that were written, and what they leave open."""

    folder: str
    files: tuple[str, ...]
    open_questions: tuple[str, ...]  # names
    missing_units: int  # not committed, so not described


def write_card(
    output: str, to: str | None = None, storage: Storage | None = None, *, force: bool = False
) -> Dossier:
    """Write the documents about an output; without `to`, beside it, into `OUTPUT-card`.

    Equal rows and records give equal bytes. Raises JobError if the output has no rows, or if a file
    of the folder has other content and `force` is not set.
    """
    storage = storage or STORAGE
    opened = open_output(output, storage)
    folder = absolute(to) if to else f"{opened.layout.root}-card"
    check_url(folder)
    if folder == opened.layout.root or folder.startswith(f"{opened.layout.root}/"):
        raise JobError(
            "--to: is inside of the output, where loaders would take the card for rows: name "
            "another folder"
        )
    refuse_file(folder, f"--to: {folder}")
    if not os.path.exists(folder):
        refuse_unwritable(folder, f"--to: {folder}")
    facts = gather_facts(opened)
    contents = {join(folder, name): write(facts).encode() for name, write in DOCUMENTS.items()}
    changed = [path for path, content in contents.items() if _differs(path, content, storage)]
    if changed and not force:
        raise JobError(
            f"{changed[0]}: exists already: name another folder, or --force to replace it"
        )
    # The card is the first to go and the last to come: while there is one, all documents are its.
    for path in changed:
        storage.delete(path)
    for path in reversed(contents):
        storage.write_bytes(path, contents[path])
    names = tuple(each.name for each in open_questions(facts))
    return Dossier(folder, tuple(contents), names, facts.missing_units)


def _differs(path: str, content: bytes, storage: Storage) -> bool:
    entry = storage.entry(path)
    if entry is None:
        return False
    return not entry.is_file or entry.size != len(content) or storage.read_bytes(path) != content
