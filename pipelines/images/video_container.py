"""Recognizes video files by their first bytes, and finds out whether a file is cut or damaged.

FFmpeg's own probing is not used: it would open any of its hundreds of formats, among them playlists
that name other files. FFmpeg skips damaged parts of a Matroska file without an error, so the
structure of a file is checked here.
"""

from typing import Literal

from pipelines.images.image import ImageFault

Demuxer = Literal["mov", "matroska"]

_QUICKTIME = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})  # first boxes
_IMAGES = frozenset({b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix"})  # brands of `ftyp`
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
# The other elements of a segment: SeekHead, Info, Tracks, Cues, Attachments, Chapters, Tags; and
# CRC-32 and Void, which may be anywhere.
_IN_SEGMENT = frozenset(
    {0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367, 0xBF, 0xEC}
)
# The elements of a cluster: Timestamp, SilentTracks, Position, PrevSize, SimpleBlock, BlockGroup,
# EncryptedBlock; CRC-32 and Void.
_IN_CLUSTER = frozenset({0xE7, 0x5854, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, 0xBF, 0xEC})


def find_demuxer(data: bytes) -> Demuxer | None:
    """Return FFmpeg's name of a file's format: MP4 and QuickTime, or Matroska and WebM."""
    if data.startswith(_EBML):
        return "matroska"
    if data[4:8] in _QUICKTIME and not (data[4:8] == b"ftyp" and data[8:12] in _IMAGES):
        return "mov"
    return None


def check_structure(data: bytes, demuxer: Demuxer) -> None:
    """Raise ImageFault if a file ends within an element, or has damage between its elements."""
    if demuxer == "mov":
        _check_boxes(data)
    else:
        _check_elements(data)


def _check_boxes(data: bytes) -> None:
    """Check the outer boxes of an MP4 (ISO/IEC 14496-12, section 4.2)."""
    at = 0
    found = set()
    while at < len(data):
        size, header = int.from_bytes(data[at : at + 4]), 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16]), 16
        elif size == 0:  # to the end of the file
            size = len(data) - at
        found.add(data[at + 4 : at + 8])
        if at + max(size, header) > len(data):
            raise ImageFault("image_truncated")
        if size < header:
            raise ImageFault("image_undecodable", "BoxSize")
        at += size
    if b"moov" not in found:
        raise ImageFault("image_truncated" if b"mdat" in found else "image_undecodable")


def _check_elements(data: bytes) -> None:
    """Check the elements of a Matroska file down to the blocks (RFC 8794, RFC 9559).

    The size of a segment or cluster may be unknown: then it ends before the next element that
    cannot be in it.
    """
    at, segment_end, cluster_end = 0, 0, 0
    while at < len(data):
        element, begin, size = _element(data, at)
        if at < cluster_end and element in _IN_CLUSTER:
            end = cluster_end
        elif at < segment_end and element in _IN_SEGMENT | {_CLUSTER}:
            end, cluster_end = segment_end, 0
        elif at == 0 or (segment_end == 0 and element in (_SEGMENT, 0xEC, 0xBF)):
            end = len(data)
        else:
            raise ImageFault("image_undecodable", "MatroskaElement")
        if size is None:
            if element not in (_SEGMENT, _CLUSTER):
                raise ImageFault("image_undecodable", "MatroskaElement")
            size = end - begin
        if begin + size > len(data):
            raise ImageFault("image_truncated")
        if begin + size > end:
            raise ImageFault("image_undecodable", "MatroskaElement")
        if element == _SEGMENT:
            segment_end, at = begin + size, begin
        elif element == _CLUSTER:
            cluster_end, at = begin + size, begin
        else:
            at = begin + size


def _element(data: bytes, at: int) -> tuple[int, int, int | None]:
    """Return the id of an element, where its content begins, and its size if that is known."""
    id_length = 9 - data[at].bit_length() if data[at] else 9
    if id_length > 4:
        raise ImageFault("image_undecodable", "MatroskaElement")
    size_at = at + id_length
    if size_at >= len(data):
        raise ImageFault("image_truncated")
    size_length = 9 - data[size_at].bit_length() if data[size_at] else 9
    begin = size_at + size_length
    if size_length > 8:
        raise ImageFault("image_undecodable", "MatroskaElement")
    if begin > len(data):
        raise ImageFault("image_truncated")
    marker = 1 << (7 * size_length)
    size = int.from_bytes(data[size_at:begin]) - marker
    return int.from_bytes(data[at:size_at]), begin, None if size == marker - 1 else size
