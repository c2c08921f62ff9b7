"""Groups the files that share a key, such as `7.jpg` and `7.txt`, into one sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.reading.raw_sample import (
    IMAGE_EXTENSIONS,
    Field,
    MemberContents,
    RawSample,
    SampleFields,
)


class Member(NamedTuple):
    """A file of a sample: a member of a tar, or a file in a folder."""

    key: str
    extension: str  # lower-case
    content: bytes | None  # None: not read
    is_file: bool  # False for links, devices and sparse files, which are never read
    size: int  # bytes


@dataclass(slots=True)
class SampleMembers:
    """The members of one sample, from which the sample or its fault is made."""

    key: str
    limits: Mapping[str, int]  # extension -> largest size in bytes; other extensions are not read
    max_members: int  # of any extension
    contents: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # extension -> bytes, of all members
    oversized: set[str] = field(default_factory=set)  # of members larger than their limit
    has_repeated: bool = False  # two members have the same extension
    has_link: bool = False  # a member is not a regular file
    has_too_many: bool = False  # from then on, no content is kept in memory

    def add(self, member: Member) -> None:
        extension = member.extension
        self.has_repeated |= extension in self.sizes
        if len(self.sizes) == self.max_members:
            self.has_too_many |= extension not in self.sizes
            self.contents.clear()
            return
        self.has_link |= not member.is_file
        self.sizes[extension] = member.size
        if member.content is not None:
            self.contents[extension] = member.content
        elif extension in self.limits:
            self.oversized.add(extension)

    def sample(self, index: int) -> RawSample:
        """Return the sample, or a sample with a fault, for this position of the shard."""
        images = [name for name in IMAGE_EXTENSIONS if name in self.sizes]
        if fault := self._fault(images):
            return RawSample(index, self.key, fault=fault)
        fields = MemberContents(self.contents)
        return RawSample(index, self.key, self.contents[images[0]], fields)

    def all_fields(self, index: int) -> SampleFields:
        """Return every member of the sample for this position of the shard."""
        fields = {name: Field(size, self.contents.get(name)) for name, size in self.sizes.items()}
        return SampleFields(index, self.key, fields)

    def _fault(self, images: list[str]) -> str:
        if self.has_too_many:
            return "members_too_many"
        if self.has_repeated:
            return "member_repeated"
        if self.has_link:
            return "member_not_a_file"
        return self._fault_of_content(images)

    def _fault_of_content(self, images: list[str]) -> str:
        if not images:
            return "image_missing"
        if len(images) > 1:
            return "image_several"
        if images[0] in self.oversized:
            return "image_too_large"
        return "text_too_large" if self.oversized else ""
