"""Finds the settings of stores with which an output's shards are read again."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from pipelines.config.recorded import read_recorded
from pipelines.output.output import Output
from pipelines.storage.resolve import AnyStorage
from pipelines.storage.settings import StorageSettings
from pipelines.storage.storage import Storage


def recorded_storage(output: Output) -> Storage:
    """Return the storage of an output's shards, and of all else that its job reads.

    It has the settings with which the output was opened; if there were none, those of its record,
    which holds no secrets. Raises JobError if another version wrote the record.
    """
    given = output.storage
    if not isinstance(given, AnyStorage) or given.settings is not None:
        return given
    path = output.layout.record(output.record_id.number)
    return AnyStorage(
        read_recorded(
            TypeAdapter(Mapping[str, StorageSettings]),
            output.record.get("storage", {}),
            f"{path}: was written by another version of shardmill, or is damaged",
        )
    )
