"""Groups the files that share a key, such as `7.jpg` and `7.txt`, into one sample."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from pipelines.config.input import Input
from pipelines.reading.raw_sample import (
    ANIMATION_EXTENSIONS,
    IMAGE_EXTENSIONS,
    MAX_FIELD,
    VIDEO_EXTENSIONS,
    Field,
    MemberContents,
    RawSample,
    SampleFields,
)

_PICTURES = frozenset({*IMAGE_EXTENSIONS, *VIDEO_EXTENSIONS})  # never read as texts


class Member(NamedTuple):
    """A file of a sample: a member of a tar, or a file in a folder."""

    key: str
    extension: str  # lower-case
    content: bytes | None  # None: not read
    is_file: bool  # False for links, devices and sparse files, which are never read
    size: int  # bytes
    name: str = ""  # as the tar or the folder has it, with the extension


class MemberSelection(NamedTuple):
    """The members of a sample that are read, by their extensions in lower case."""

    named: tuple[str, ...]  # the images of a sample; none: the only one is found by its extension
    kinds: tuple[tuple[str, ...], ...]  # extensions of images, or of videos; the first ones first
    texts: frozenset[str]  # those that the job names
    max_image_bytes: int  # of a member that is read, inclusive; -1: none is read
    max_text_bytes: int  # likewise
    max_other_bytes: int  # likewise, of members that the job does not name
    max_members: int  # of any extension
    missing: str = "image_missing"  # the fault of a sample without its image or video

    @classmethod
    def of(cls, given: Input, texts: bool = True) -> Self:
        """Return the members that a job's `input` names; without `texts`, only its images."""
        most, limits = given.limits.max_text_bytes if texts else -1, given.limits
        sizes = limits.max_image_bytes, most, -1
        return cls(*_named(given), *sizes, limits.max_members, missing_fault(given))

    @classmethod
    def of_fields(cls, given: Input) -> Self:
        """Return all members but images, up to MAX_FIELD bytes, to list the fields of samples."""
        return cls(*_named(given), -1, MAX_FIELD, MAX_FIELD, given.limits.max_members)

    def max_bytes(self, extension: str) -> int:
        """Return the largest size of a member that is read; -1 if the member is not read."""
        if self.may_be_image(extension):
            return self.max_image_bytes
        if extension in self.texts:
            return self.max_text_bytes
        return -1 if _ends_as(extension, _PICTURES) else self.max_other_bytes

    def may_be_image(self, extension: str) -> bool:
        """Return whether a member may be the sample's image: `jpg`, and also `left.jpg`."""
        if self.named:
            return extension in self.named
        return any(_ends_as(extension, kind) for kind in self.kinds)

    def images(self, extensions: Iterable[str]) -> list[str]:
        """Return the extensions of a sample that may be its images; usually one.

        They come in the order in which the job names them, else sorted. A compound extension, such
        as `left.jpg`, counts only if no plain one, such as `jpg`, is among them; an animated image
        only if there is no video.
        """
        if self.named:
            present = frozenset(extensions)
            return [each for each in self.named if each in present]
        candidates = sorted(filter(self.may_be_image, extensions))
        kinds = ([each for each in candidates if _ends_as(each, kind)] for kind in self.kinds)
        first = next(filter(None, kinds), [])
        return [each for each in first if "." not in each] or first


def missing_fault(given: Input) -> str:
    """Return the fault of a sample that lacks the image, or the video, that a job reads."""
    return "video_missing" if given.video else "image_missing"


def image_extensions(given: Input) -> tuple[tuple[str, ...], ...]:
    """Return the extensions of a job's images or videos, in the order in which they are taken."""
    return (VIDEO_EXTENSIONS, ANIMATION_EXTENSIONS) if given.video else (IMAGE_EXTENSIONS,)


def _named(
    given: Input,
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], frozenset[str]]:
    """Return the extensions of the images and of the texts that a job's `input` names."""
    texts = frozenset(name.lower() for name in given.text_members())
    named = tuple(name.lower() for name in given.named_images())
    return named, image_extensions(given), texts


def _ends_as(extension: str, known: Collection[str]) -> bool:
    return extension.rpartition(".")[2] in known


@dataclass(slots=True)
class SampleMembers:
    """The members of one sample, from which the sample or its fault is made."""

    key: str
    selection: MemberSelection
    left_out: int = 0  # members that belong to no sample, since the sample before
    contents: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # extension -> bytes, of all members
    names: dict[str, str] = field(default_factory=dict)  # extension -> name, of possible images
    oversized: set[str] = field(default_factory=set)  # of members larger than their limit
    has_repeated: bool = False  # two members have the same extension
    has_link: bool = False  # a member is not a regular file
    has_too_many: bool = False  # from then on, no content is kept in memory

    def add(self, member: Member) -> None:
        extension = member.extension
        self.has_repeated |= extension in self.sizes
        if len(self.sizes) == self.selection.max_members:
            self.has_too_many |= extension not in self.sizes
            self.contents.clear()
            return
        self.has_link |= not member.is_file
        self.sizes[extension] = member.size
        if member.content is not None:
            self.contents[extension] = member.content
        elif self.selection.max_bytes(extension) >= 0:
            self.oversized.add(extension)
        if self.selection.may_be_image(extension):
            self.names[extension] = member.name
            self._free_other_images()

    def sample(self, index: int) -> RawSample:
        """Return the sample, or a sample with a fault, for this position of the shard."""
        images = self.selection.images(self.sizes)
        if fault := self._fault(images):
            return RawSample(index, self.key, fault=fault, left_out=self.left_out)
        image, *others = (self.contents[each] for each in images)
        return RawSample(
            index,
            self.key,
            image,
            MemberContents(self.contents),
            left_out=self.left_out,
            others=tuple(others),
            file=self.names[images[0]],
        )

    def all_fields(self, index: int) -> SampleFields:
        """Return every member of the sample for this position of the shard."""
        fields = {name: Field(size, self.contents.get(name)) for name, size in self.sizes.items()}
        return SampleFields(index, self.key, fields)

    def _free_other_images(self) -> None:
        """Free images that cannot be the sample's: memory holds those that are read at most."""
        if self.selection.named:
            return
        images = self.selection.images(self.sizes)
        for extension in list(filter(self.selection.may_be_image, self.contents)):
            if images != [extension] and extension not in self.selection.texts:
                del self.contents[extension]

    def _fault(self, images: list[str]) -> str:
        if self.has_too_many:
            return "members_too_many"
        if self.has_repeated:
            return "member_repeated"
        if self.has_link:
            return "member_not_a_file"
        return self._fault_of_content(images)

    def _fault_of_content(self, images: list[str]) -> str:
        if len(images) < max(len(self.selection.named), 1):
            return self.selection.missing
        if len(images) > 1 and not self.selection.named:
            return "image_several"
        if self.oversized & set(images):
            return "image_too_large"
        return "text_too_large" if self.oversized & self.selection.texts else ""
