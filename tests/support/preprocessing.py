"""Runs a shard, given as bytes, through the steps of the pass before the engine."""

from support.memory_storage import MemoryStorage

from pipelines.annotation.decoding import RowDecoder
from pipelines.annotation.filtering import FilterChain
from pipelines.annotation.preprocessing import unit_blocks
from pipelines.concurrency.stage_timer import StageTimer
from pipelines.config.input import Input
from pipelines.reading import open_unit
from pipelines.rows.row import Row
from schemas.generation import ImageSpec
from schemas.sample import Unit


def blocks_of(
    content: bytes,
    unit: Unit,
    given: Input,
    filters: FilterChain,
    *,
    side: int,
    threads: int = 1,
    block_size: int = 256,
    skip: int = 0,
    stop: int | None = None,
) -> list[list[Row]]:
    """Return the blocks of a unit; model images have `side` pixels a side."""
    decoder = RowDecoder(given, filters, ImageSpec(side), threads)
    with open_unit(unit, MemoryStorage(content), given) as shard:
        blocks = unit_blocks(
            unit,
            shard,
            given,
            filters,
            decoder,
            timer=StageTimer(),
            block_size=block_size,
            skip=skip,
            stop=stop,
        )
        return list(blocks)
