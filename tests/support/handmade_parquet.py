"""Writes Parquet files by hand, with headers and footers that no writer would write.

Names and numbers of fields: https://github.com/apache/parquet-format/blob/master/src/main/thrift
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12  # types of Thrift's compact protocol
BYTE_ARRAY = 6
PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY = 0, 6, 7
UNCOMPRESSED, SNAPPY = 0, 1
MAGIC = b"PAR1"
Value = tuple[int, bytes]  # the type and the encoded value of a field


def varint(number: int) -> bytes:
    groups = [number & 127]
    while number := number >> 7:
        groups.append(number & 127)
    return bytes([group | 128 for group in groups[:-1]] + groups[-1:])


def zigzag(number: int) -> bytes:
    return varint(number * 2 if number >= 0 else -number * 2 - 1)


def i32(number: int) -> Value:
    return I32, zigzag(number)


def i64(number: int) -> Value:
    return I64, zigzag(number)


def binary(content: bytes) -> Value:
    return BINARY, varint(len(content)) + content


def structs(items: Sequence[bytes], count: int | None = None) -> Value:
    """Encode a list of structs; `count` is the number that its header states."""
    return elements(STRUCT, items, count)


def elements(kind: int, items: Sequence[bytes], count: int | None = None) -> Value:
    return LIST, bytes([0xF0 | kind]) + varint(len(items) if count is None else count) + b"".join(
        items
    )


def struct(fields: Mapping[int, Value]) -> bytes:
    content, last = b"", 0
    for number, (kind, value) in fields.items():
        step = number - last
        header = bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + zigzag(number)
        content += header + value
        last = number
    return content + b"\0"


def plain(*values: bytes) -> bytes:
    return b"".join(len(value).to_bytes(4, "little") + value for value in values)


@dataclass
class Page:
    """A page; what is None is stated as it is."""

    content: bytes
    values: int = 1
    unpacked: int | None = None
    stored: int | None = None
    is_dictionary: bool = False
    encoding: int = PLAIN
    more: dict[int, Value] = field(default_factory=dict)  # fields of the header, or other values
    again: dict[int, Value] = field(default_factory=dict)  # fields that follow, repeated

    def encoded(self) -> bytes:
        size = len(self.content)
        numbers = {1: i32(self.values), 2: i32(self.encoding)}
        if not self.is_dictionary:
            numbers |= {3: i32(3), 4: i32(3)}
        header: dict[int, Value] = {
            1: i32(2 if self.is_dictionary else 0),
            2: i32(size if self.unpacked is None else self.unpacked),
            3: i32(size if self.stored is None else self.stored),
            7 if self.is_dictionary else 5: (STRUCT, struct(numbers)),
        }
        again = b"".join(
            bytes([kind]) + zigzag(number) + value for number, (kind, value) in self.again.items()
        )
        return struct(header | self.more)[:-1] + again + b"\0" + self.content


def schema_element(name: str, children: int | None = None, repeated: bool = False) -> bytes:
    fields: dict[int, Value] = {1: i32(BYTE_ARRAY)} if children is None else {}
    fields |= {3: i32(2 if repeated else 0), 4: binary(name.encode())}
    return struct(fields if children is None else fields | {5: i32(children)})


def with_footer(footer: bytes, data: bytes = b"") -> bytes:
    return MAGIC + data + footer + len(footer).to_bytes(4, "little") + MAGIC


def footer(schema: Sequence[bytes], row_groups: Value, rows: int = 0) -> bytes:
    return struct({1: i32(1), 2: structs(schema), 3: i64(rows), 4: row_groups})


def parquet_file(
    columns: Mapping[str, Sequence[Page]],
    rows: int = 1,
    codec: int = UNCOMPRESSED,
    offsets: Mapping[str, int] | None = None,
    row_groups: int = 1,
) -> bytes:
    """Write columns of required byte arrays; `offsets` states other offsets of columns.

    All row groups have the same pages.
    """
    data, chunks = MAGIC, []
    for name, pages in columns.items():
        encoded = b"".join(page.encoded() for page in pages)
        start = (offsets or {}).get(name, len(data))
        values = sum(page.values for page in pages if not page.is_dictionary)
        metadata: dict[int, Value] = {
            1: i32(BYTE_ARRAY),
            2: elements(I32, [zigzag(PLAIN)]),
            3: elements(BINARY, [binary(name.encode())[1]]),
            4: i32(codec),
            5: i64(values),
            6: i64(len(encoded)),
            7: i64(len(encoded)),
            9: i64(start),
        }
        chunks.append(struct({2: i64(start), 3: (STRUCT, struct(metadata))}))
        data += encoded
    group = struct({1: structs(chunks), 2: i64(len(data)), 3: i64(rows)})
    schema = [schema_element("schema", len(columns)), *map(schema_element, columns)]
    return with_footer(
        footer(schema, structs([group] * row_groups), rows * row_groups), data[len(MAGIC) :]
    )
