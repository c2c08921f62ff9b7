"""Models as a job names them, and as they are pinned."""

from typing import NamedTuple

from schemas.frozen import Frozen


class ModelReference(NamedTuple):
    """A model that a job asks for."""

    name: str  # a hub id, or a folder with safetensors
    revision: str = "main"  # of a hub id: branch, tag or commit
    field: str = "model"  # of the job, where errors put it
    revision_key: str = "revision"  # that stands beside the field

    @property
    def revision_field(self) -> str:
        parent, separator, _ = self.field.rpartition(".")
        return f"{parent}{separator}{self.revision_key}"

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}"


class ResolvedModel(Frozen):
    """Exactly one model; `version` says what it computes, wherever it lies."""

    source: str  # a hub id, or the absolute path of a directory
    local: bool  # whether source is a directory
    version: str  # of a hub id: the commit; of a directory: its digest
