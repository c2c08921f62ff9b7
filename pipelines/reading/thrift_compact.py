"""Reads Thrift's compact protocol, in which Parquet files store footers and page headers.

A caller walks over the fields of a struct, and reads or skips each value. The reader stores no
value, so that its memory does not grow with the data.

Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Iterator

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)

_MAX_DEPTH = 32  # structs and containers within each other; Parquet needs 6
_INTEGERS = (I16, I32, I64)


class CompactReader:
    """A reader that moves `position` behind each value that it reads or skips.

    Raises ValueError if the data are malformed, and OverflowError after `max_steps` fields and
    skipped elements. Raises IndexError if the data end too early: at the latest when the next value
    is read, because a skipped value may end behind the data.

    A number with more bits than its type is malformed, because another reader may interpret it as
    another size. Only numbers that are read are checked, not those that are skipped.
    """

    def __init__(self, data: bytes, position: int = 0, *, max_steps: int) -> None:
        self.data = data
        self.position = position
        self.elements = 0  # of the lists that were skipped
        self._steps_left = max_steps

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield (id, type) of each field of a struct; the caller reads or skips each value."""
        number = 0
        while header := self._byte():
            self._step(1)
            step = header >> 4
            number = number + step if step else self.integer(16)
            yield number, header & 15

    def integer(self, bits: int) -> int:
        """Read a signed number of at most `bits` bits."""
        value = self._varint(bits)
        return (value >> 1) ^ -(value & 1)

    def binary(self) -> bytes:
        """Read a string or binary value; raise IndexError if the data end before the value does."""
        length = self._varint(32)
        start, self.position = self.position, self.position + length
        if self.position > len(self.data):
            raise IndexError
        return self.data[start : self.position]

    def list_header(self) -> tuple[int, int]:
        """Read the header of a list or set; return the type and the number of the elements."""
        header = self._byte()
        count = header >> 4
        return header & 15, self._varint(32) if count == 15 else count

    def skip(self, kind: int, depth: int = 0) -> None:
        """Skip a value of this type."""
        if kind in _INTEGERS:
            data, position = self.data, self.position
            while data[position] > 127:
                position += 1
            self.position = position + 1
        elif kind == BINARY:
            length = self._varint(32)  # moves the position itself
            self.position += length
        elif kind in (LIST, SET):
            element, count = self.list_header()
            self._skip_elements(element, count, depth + 1)
        elif kind == STRUCT:
            self._skip_struct(depth)
        elif kind == MAP:
            if count := self._varint(32):
                kinds = self._byte()
                for _ in range(count):
                    self._skip_elements(kinds >> 4, 1, depth + 1)
                    self._skip_elements(kinds & 15, 1, depth + 1)
        elif kind in (BYTE, DOUBLE):
            self.position += 1 if kind == BYTE else 8
        elif kind not in (TRUE, FALSE):  # the type of a field is its value
            raise ValueError("an unknown type")

    def _skip_struct(self, depth: int) -> None:
        """Skip a struct; integers, which are most fields, are skipped without a call, for speed."""
        self._check_depth(depth)
        data, position, steps = self.data, self.position, 0
        while header := data[position]:
            position += 1
            steps += 1
            if header < 16 or header & 15 not in _INTEGERS:
                self.position = position
                if header < 16:
                    self.integer(16)
                self.skip(header & 15, depth + 1)
                position = self.position
            else:
                while data[position] > 127:
                    position += 1
                position += 1
            if steps == 1000:
                self._step(steps)
                steps = 0
        self.position = position + 1
        self._step(steps)

    def _skip_elements(self, kind: int, count: int, depth: int) -> None:
        self._check_depth(depth)
        self.elements += count
        self._step(count)
        if kind in (TRUE, FALSE):
            self.position += count  # as elements they take one byte
            return
        for _ in range(count):
            self.skip(kind, depth)
            if self.position > len(self.data):
                raise IndexError

    def _step(self, count: int) -> None:
        self._steps_left -= count
        if self._steps_left < 0:
            raise OverflowError("too many fields and elements")

    def _check_depth(self, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ValueError("values nested too deep")

    def _byte(self) -> int:
        value = self.data[self.position]
        self.position += 1
        return value

    def _varint(self, bits: int) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.position]
            self.position += 1
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")
        if value >> bits:
            raise ValueError(f"a number of more than {bits} bits")
        return value
