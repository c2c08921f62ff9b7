"""Completes a GIF that ends early (GIF89a, sections 12 to 27 and appendix F)."""

from collections.abc import Iterator
from typing import NamedTuple

from pipelines.images.completed_file import CompletedFile
from pipelines.images.frames import color_table_bytes

_MOST_BYTES = 2 << 20  # compressed, of a frame, because its codes are read one by one
_MAX_WIDTH = 12  # bits of a code
_IMAGE, _EXTENSION = 0x2C, 0x21


class _Codes(NamedTuple):
    """The whole codes of a cut frame."""

    pixels: int  # that they stand for
    bits: int  # that they take
    width: int  # bits of the next code


def complete_gif(data: bytes) -> CompletedFile | None:
    """Return a GIF that is cut within its first frame with an end, and the share of rows it has.

    Rows of an interlaced frame count like others, though they are not neighbors. Returns None for
    any other GIF, for one with damaged pixels, and if the frame has more than `_MOST_BYTES`.
    """
    try:
        start = _first_frame(data)
        if start is None:
            return None
        width, height = (
            int.from_bytes(data[at : at + 2], "little") for at in (start + 5, start + 7)
        )
        at = start + 10 + color_table_bytes(data[start + 9])
        code_size = data[at]
    except IndexError:
        return None
    codes, is_cut = _sub_blocks(data, at + 1)
    if not is_cut or not width or not height or not 2 <= code_size <= 8:
        return None
    read = _read_codes(codes, code_size, width * height) if len(codes) <= _MOST_BYTES else None
    if read is None:
        return None
    completed = _completed(codes, read, code_size, width * height)
    blocks = [completed[start : start + 255] for start in range(0, len(completed), 255)]
    stream = b"".join(bytes([len(block)]) + block for block in blocks)
    return CompletedFile(data[: at + 1] + stream + b"\0;", read.pixels // width / height)


def _first_frame(data: bytes) -> int | None:
    """Return the offset of the first image descriptor; None if another byte is where a block is.

    Raises IndexError if the file ends before.
    """
    at = 13 + color_table_bytes(data[10])
    while data[at] == _EXTENSION:
        at += 2
        while size := data[at]:
            at += size + 1
        at += 1
    return at if data[at] == _IMAGE else None


def _sub_blocks(data: bytes, at: int) -> tuple[bytes, bool]:
    """Return the content of sub-blocks, and whether the file ends before their terminator."""
    pieces: list[bytes] = []
    while at < len(data):
        if not (size := data[at]):
            return b"".join(pieces), False
        pieces.append(data[at + 1 : at + 1 + size])
        at += size + 1
    return b"".join(pieces), True


def _read_codes(codes: bytes, code_size: int, most: int) -> _Codes | None:
    """Read variable-length LZW codes up to `most` pixels; None if a code is impossible."""
    clear, end = 1 << code_size, (1 << code_size) + 1
    table = [1] * (end + 1)  # code -> pixels
    width, before = code_size + 1, 0  # pixels of the code before; 0: none
    value = available = bits = pixels = 0
    for byte in codes:
        value |= byte << available
        available += 8
        while available >= width and pixels < most:
            code = value & ((1 << width) - 1)
            value >>= width
            available -= width
            bits += width
            if code == clear:
                del table[end + 1 :]
                width, before = code_size + 1, 0
                continue
            if code == end or code > len(table) or (code == len(table) and not before):
                return None
            if before and len(table) < 1 << _MAX_WIDTH:
                table.append(before + 1)
            if code == len(table):
                return None  # the table is full
            before = table[code]
            pixels += before
            if len(table) == 1 << width and width < _MAX_WIDTH:
                width += 1
    return _Codes(min(pixels, most), bits, width)


def _completed(codes: bytes, read: _Codes, code_size: int, pixels: int) -> bytes:
    """Return the whole codes, then codes for missing pixels of color 0, then the frame's end."""
    whole, rest = divmod(read.bits, 8)
    value = codes[whole] & ((1 << rest) - 1) if rest else 0
    added = bytearray()
    for code, width in _zeros(pixels - read.pixels, code_size, read.width):
        value |= code << rest
        rest += width
        while rest >= 8:
            added.append(value & 0xFF)
            value >>= 8
            rest -= 8
    return codes[:whole] + added + value.to_bytes(1, "little")


def _zeros(pixels: int, code_size: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield codes and their widths for pixels of color 0, then the code that ends a frame.

    After a clear code, each code stands for one pixel more than the code before, so few are needed.
    """
    clear, end = 1 << code_size, (1 << code_size) + 1
    while pixels:
        yield clear, width
        width, run, codes = code_size + 1, 0, end + 1  # codes in the table
        while pixels and codes < 1 << _MAX_WIDTH:
            run = min(run + 1, pixels)
            yield 0 if run == 1 else end + run - 1, width
            codes += codes > end + 1 or run > 1
            pixels -= run
            if codes == 1 << width and width < _MAX_WIDTH:
                width += 1
    yield end, width
