"""Finds the model that decides entailment for the metric `non_entailed`."""

from filters.classifiers.class_labels import ClassLabels
from inference import resolve_model
from pipelines.config.evaluation import Entailment
from pipelines.config.validation_errors import errors_at
from pipelines.evaluation.results import EntailmentJudge
from pipelines.storage.cached_folders import CachedFolders
from pipelines.storage.storage import Storage
from schemas.models import ResolvedModel


def find_entailment(
    asked: Entailment, storage: Storage, place: str
) -> tuple[ResolvedModel, EntailmentJudge]:
    """Return the model, pinned, and how an evaluation records it.

    Raises JobError, which begins with `place`, if the model cannot be found, or if it has no such
    label.
    """
    with errors_at(place):
        model, folder = resolve_model(asked.reference(), fetch=CachedFolders(storage))
        labels = ClassLabels.read(folder)
        labels.index_of(asked.label, "label")
        labels.are_independent()
    judge = EntailmentJudge(source=model.source, version=model.version, label=asked.label)
    return model, judge
