"""Measures `shardmill duplicates` on made-up hashes, with planted near ones.

    python -m benchmarks.operations.duplicates --rows 10000000

Three tenths of the hashes are copies of others with up to 31 changed bits. Prints CPU-seconds, the
peak of memory, and the shares of planted pairs that are grouped, and of members that are far from
their head (which must be 0).
"""

import resource
import time

import numpy as np
import typer

from pipelines.duplicates.grouping import group_hashes

_DISTANCE = 31  # bits, as the command's default


def main(rows: int = 1_000_000) -> None:
    """Group made-up hashes and print what was found, and what it cost."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, (rows, 4), np.uint64)
    copies = np.arange(7 * rows // 10, rows)
    sources = rng.integers(0, copies[0], len(copies))
    hashes[copies] = hashes[sources]
    changed = rng.integers(0, _DISTANCE + 1, len(copies))
    for number in range(_DISTANCE):  # a bit that is drawn twice is changed back
        some = copies[changed > number]
        bits = rng.integers(0, 256, len(some))
        hashes[some, bits // 64] ^= np.uint64(1) << (bits % 64).astype(np.uint64)
    started = time.process_time()
    groups = group_hashes(hashes, _DISTANCE)
    seconds = time.process_time() - started
    is_near = np.bitwise_count(hashes[copies] ^ hashes[sources]).sum(axis=1) <= _DISTANCE
    grouped = groups.heads[copies] != copies
    heads = hashes[groups.heads]
    far = (np.bitwise_count(hashes ^ heads).sum(axis=1) > _DISTANCE).sum()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows} hashes: {seconds:.0f} CPU-seconds, {peak:.0f} MiB at the peak")
    print(f"planted copies that are members: {grouped[is_near].mean():.6f}; far members: {far}")


if __name__ == "__main__":
    typer.run(main)
