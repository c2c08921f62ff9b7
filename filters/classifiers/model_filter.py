"""The base of filters that judge by a model from the hub or from a folder."""

from pydantic import Field

from filters.base import Filter
from schemas.models import ModelReference
from schemas.path_text import PathText


class ModelFilter(Filter):
    """A filter that names a model; a subclass derives from it first, then from a kind of filter.

    The kind of filter is `TextFilter` or `ImageFilter`.
    """

    model: PathText = Field(
        min_length=1
    )  # a classifier for the kind of filter: a hub id, or a folder
    revision: PathText = "main"  # of a hub id: branch, tag or commit; resolved to a commit once

    def models(self) -> tuple[ModelReference, ...]:
        return (ModelReference(self.model, self.revision),)
