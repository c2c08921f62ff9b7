"""References to models: as a job names them, and pinned to one version."""

from typing import Literal, NamedTuple

from schemas.frozen import Frozen


class ModelReference(NamedTuple):
    """A model as the job names it."""

    name: str  # a hub id, or a folder with safetensors files, or its URL
    revision: str = "main"  # of a hub id: branch, tag or commit
    field: str = "model"  # path of the field in the job, quoted by errors
    revision_key: str = "revision"  # the key of the revision, beside `field`
    needs: tuple[str, ...] = ()  # files beside the weights, each as `name` or `name|other name`
    library: Literal["transformers", "spacy"] = "transformers"  # which loads the model

    @property
    def revision_field(self) -> str:
        """The path of the revision, beside `field` in the job."""
        parent, separator, _ = self.field.rpartition(".")
        return f"{parent}{separator}{self.revision_key}"

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}"


class ResolvedModel(Frozen):
    """A model pinned to one version; equal versions compute the same from any source."""

    source: str
    """A hub id, or the absolute path or the URL of a folder."""
    local: bool
    """Whether `source` is a folder of this machine."""
    version: str
    """The commit of a hub id, or the digest of a folder.

    The digest of a folder in a bucket is that of its listing: names, sizes and ETags.
    """

    @property
    def in_bucket(self) -> bool:
        """Whether `source` is the URL of a folder."""
        return is_url(self.source)


def is_url(name: str) -> bool:
    """Return whether the name of a model is a URL, such as `s3://bucket/paligemma/`."""
    return "://" in name
