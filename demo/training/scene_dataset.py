"""Training scenes, drawn in other processes during training and stored in files."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import TypeAdapter

from demo.scenes.encoded_image import model_image
from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene, draw_scene
from schemas.sample import RGB

ADDRESSES = 12  # one scene in 12 has a printed address
PLACARDS = 24  # one scene in 24 is a placard; the others are plain
_CHUNK = 512  # scenes per task of a process, and per file
_AHEAD = 8  # chunks drawn ahead
_SCENES = TypeAdapter(list[Scene])


class SceneBatch(NamedTuple):
    """Scenes, and their images as a model gets them."""

    images: RGB  # [scenes, S, S, 3]
    scenes: Sequence[Scene]  # without their encoded images

    def part(self, start: int, stop: int) -> "SceneBatch":
        return SceneBatch(self.images[start:stop], self.scenes[start:stop])


class SceneDataset:
    """`size` scenes of one seed as squares of `side` pixels, repeated in the same order.

    The scenes of a step depend on its number alone, not on when they were drawn. The folder stores
    them, 25 MB per 512 scenes of 128 pixels; used scenes also stay in memory.
    """

    def __init__(self, folder: Path, seed: int, side: int, size: int, processes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._seed, self._side = folder, seed, side
        self._number = -(-size // _CHUNK)
        # No fork: a fork of a process that has run torch's threads may hang.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, mp_context=context)
        self._pending: dict[int, Future[None]] = {}
        self._chunks: dict[int, SceneBatch] = {}

    def batch(self, step: int, size: int) -> SceneBatch:
        """The scenes of a step; `size` must divide 512."""
        position = step * size % (self._number * _CHUNK)
        chunk = self._chunk(position // _CHUNK)
        return chunk.part(position % _CHUNK, position % _CHUNK + size)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _chunk(self, number: int) -> SceneBatch:
        for ahead in range(number, min(number + _AHEAD, self._number)):
            if ahead not in self._pending:
                self._pending[ahead] = self._pool.submit(
                    _draw_to_file, self._path(ahead), self._seed, ahead * _CHUNK, self._side
                )
        if number not in self._chunks:
            self._pending[number].result()
            with np.load(self._path(number)) as arrays:
                scenes = _SCENES.validate_json(arrays["scenes"].tobytes())
                self._chunks[number] = SceneBatch(arrays["images"], scenes)
        return self._chunks[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._seed}-{self._side}-{number:05}.npz"


def _draw_to_file(path: Path, seed: int, first: int, side: int) -> None:
    """Draw a chunk into a file, unless the file exists."""
    if path.exists():
        return
    batch = draw(seed, first, _CHUNK, side)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        scenes = np.frombuffer(_SCENES.dump_json(list(batch.scenes)), np.uint8)
        np.savez(file, images=batch.images, scenes=scenes)
    os.replace(temporary, path)


def draw(seed: int, first: int, number: int, side: int) -> SceneBatch:
    """Draw scenes of the kinds that are used in training."""
    scenes = [draw_scene(seed, index, _kind(index)) for index in range(first, first + number)]
    images = np.stack([model_image(scene.image, side) for scene in scenes])
    return SceneBatch(images, [replace(scene, image=b"") for scene in scenes])


def _kind(index: int) -> Kind:
    if index % PLACARDS == 1:
        return Kind.PLACARD
    return Kind.PLAIN if index % ADDRESSES else Kind.PERSONAL_PICTURE
