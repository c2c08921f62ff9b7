"""The scenes a model is trained on, drawn in other processes while it learns, and kept."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import TypeAdapter

from demo.scenes.encoded_image import seen
from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene, draw_scene
from schemas.sample import RGB

ADDRESSES = 12  # one scene in so many has an address in print, ...
PLACARDS = 24  # ... one in so many is a placard, and the others are plain
_CHUNK = 512  # scenes that a process draws at a time
_AHEAD = 8  # chunks
_SCENES = TypeAdapter(list[Scene])


class Drawn(NamedTuple):
    """Scenes and what a model sees of them."""

    images: RGB  # [scenes, S, S, 3]
    scenes: Sequence[Scene]  # their encoded images left out

    def part(self, start: int, stop: int) -> "Drawn":
        return Drawn(self.images[start:stop], self.scenes[start:stop])


class Gallery:
    """`size` scenes of one seed, shown in order and then again, as squares of `side` pixels.

    What a step is shown depends on its number alone, not on when the scenes were drawn. They are
    kept in the folder, 25 MB for every 512 of 128 pixels, and in memory once they were shown.
    """

    def __init__(self, folder: Path, seed: int, side: int, size: int, processes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._seed, self._side = folder, seed, side
        self._number = -(-size // _CHUNK)
        # Not forked: a fork of a process that has run torch's threads may hang.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, mp_context=context)
        self._coming: dict[int, Future[None]] = {}
        self._chunks: dict[int, Drawn] = {}

    def batch(self, step: int, size: int) -> Drawn:
        """The scenes of a step that takes `size`, which must divide 512."""
        place = step * size % (self._number * _CHUNK)
        chunk = self._chunk(place // _CHUNK)
        return chunk.part(place % _CHUNK, place % _CHUNK + size)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _chunk(self, number: int) -> Drawn:
        for ahead in range(number, min(number + _AHEAD, self._number)):
            if ahead not in self._coming:
                self._coming[ahead] = self._pool.submit(
                    _keep, self._path(ahead), self._seed, ahead * _CHUNK, self._side
                )
        if number not in self._chunks:
            self._coming[number].result()
            with np.load(self._path(number)) as kept:
                scenes = _SCENES.validate_json(kept["scenes"].tobytes())
                self._chunks[number] = Drawn(kept["images"], scenes)
        return self._chunks[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._seed}-{self._side}-{number:05}.npz"


def _keep(path: Path, seed: int, first: int, side: int) -> None:
    """Draw a chunk into a file, unless it lies there."""
    if path.exists():
        return
    drawn = draw(seed, first, _CHUNK, side)
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        told = np.frombuffer(_SCENES.dump_json(list(drawn.scenes)), np.uint8)
        np.savez(file, images=drawn.images, scenes=told)
    os.replace(beside, path)


def draw(seed: int, first: int, number: int, side: int) -> Drawn:
    """Scenes of the kinds that there is something to learn from."""
    scenes = [draw_scene(seed, index, _kind(index)) for index in range(first, first + number)]
    images = np.stack([seen(scene.image, side) for scene in scenes])
    return Drawn(images, [replace(scene, image=b"") for scene in scenes])


def _kind(index: int) -> Kind:
    if index % PLACARDS == 1:
        return Kind.PLACARD
    return Kind.PLAIN if index % ADDRESSES else Kind.PERSONAL_PICTURE
