"""Loads the model that decides entailment for the metric `non_entailed`."""

import os
from functools import partial

from inference import fetch_reference, resolve_device
from pipelines.config.evaluation import Entailment
from pipelines.config.validation_errors import errors_at
from pipelines.evaluation.metrics.non_entailed import Entails
from pipelines.evaluation.results import EntailmentJudge
from pipelines.planning.find_entailment import find_entailment
from pipelines.storage.cached_folders import CachedFolders
from pipelines.storage.resolve import open_file
from pipelines.storage.storage import Storage
from schemas.resources import Resources


def load_entailment(
    asked: Entailment, storage: Storage, place: str
) -> tuple[EntailmentJudge, Entails]:
    """Load the model, on a GPU of this machine if it has one.

    Returns how an evaluation records the model, and the function that decides by it.
    Raises JobError, which begins with `place`, if the model cannot be found or does not fit.
    """
    pinned, judge = find_entailment(asked, storage, place)
    from filters.classifiers.entailment import EntailmentModel  # imports torch

    with errors_at(place):
        folder = fetch_reference(pinned, asked.reference(), CachedFolders(storage))
        resources = Resources(
            partial(open_file, storage=storage),
            device=resolve_device("auto"),
            threads=len(os.sched_getaffinity(0)),
        )
        return judge, EntailmentModel(folder, resources, asked.label).entails
