"""The base of filters that judge by a model from the hub or from a folder."""

from typing import ClassVar

from pydantic import Field

from filters.base import Filter
from schemas.models import ModelReference
from schemas.path_text import PathText

# Names of the files that a fast tokenizer is read from, or converted from.
TOKENIZER = (
    "tokenizer.json|vocab.txt|vocab.json|tokenizer.model|sentencepiece.bpe.model|spiece.model"
)
IMAGE_PROCESSOR = "preprocessor_config.json|processor_config.json"


class ModelFilter(Filter):
    """A filter that names a model; a subclass derives from it first, then from a kind of filter.

    The kind of filter is `TextFilter` or `ImageFilter`.
    """

    model: PathText = Field(min_length=1)
    """The classifier: a hub id, or a folder with safetensors files."""
    revision: PathText = "main"
    """The branch, tag or commit of a hub id; the first run resolves it to a commit."""

    needs: ClassVar[tuple[str, ...]]  # the model's files beside the weights

    def models(self) -> tuple[ModelReference, ...]:
        return (ModelReference(self.model, self.revision, needs=self.needs),)
