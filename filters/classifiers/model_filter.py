"""The base of filters that judge by a model from the hub or from a folder."""

from pydantic import Field

from filters.base import Filter
from schemas.models import ModelReference


class ModelFilter(Filter):
    """Names a model; combine it with `TextFilter` or `ImageFilter`, this class first."""

    model: str = Field(min_length=1)  # a classifier for the kind of filter: a hub id, or a folder
    revision: str = "main"  # of a hub id: branch, tag or commit; resolved to a commit once

    def models(self) -> tuple[ModelReference, ...]:
        return (ModelReference(self.model, self.revision),)
