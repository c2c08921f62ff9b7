"""Begins an output or its next generation: writes the manifest and the record of a plan."""

from pipelines.output.dataset_config import create_dataset_config
from pipelines.output.manifest import manifest_bytes, manifest_name
from pipelines.output.output import find_output
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.errors import JobError


def begin_output(plan: Plan, storage: Storage) -> None:
    """Write the manifest and the record of a plan, as far as it has new ones.

    Raises FileExistsError if another run created this record first: the job has to be planned
    again.
    """
    write_manifest(plan, storage)
    create_record(plan, storage)


def write_manifest(plan: Plan, storage: Storage) -> None:
    """Write the manifest that a new record names; JobError if the output cannot be written."""
    record_id = plan.work.record_id
    if plan.new_record is None or record_id is None:
        return
    layout, content = plan.work.layout, manifest_bytes(plan.units)
    path = layout.manifest(manifest_name(content, record_id.number))
    try:
        storage.write_bytes(path, content)
    except OSError as error:
        raise JobError(
            f"output: {layout.root} cannot be written: {error.strerror}: choose another folder"
        ) from None


def create_record(plan: Plan, storage: Storage) -> None:
    """Create the record of a plan that has a new one; the output has begun then.

    Raises FileExistsError if another run created it first, or has committed files for an older
    record, which this one would replace.
    """
    record_id = plan.work.record_id
    if plan.new_record is None or record_id is None:
        return
    layout = plan.work.layout
    if plan.is_new and record_id.number:
        before = find_output(layout.root, storage)
        if before is None or before.listing.has_files().any():
            raise FileExistsError(layout.root)
    create_dataset_config(layout, storage)  # first: a run that dies in between is continued
    storage.create(layout.record(record_id.number), plan.new_record)
    for name in plan.listing.counts if plan.is_new else ():  # of rows that are gone
        storage.delete(layout.counts(name))
    # Failure reports and attempt markers of units that another job had, or of other versions.
    storage.delete_many(
        path
        for path, unit in plan.listing.notes.items()
        if plan.is_new or plan.units.find(unit) is None
    )
