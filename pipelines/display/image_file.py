"""Writes an image to a PNG file."""

from pathlib import Path

from PIL import Image

from schemas.sample import RGB


def write_png(image: RGB, file: Path) -> None:
    Image.fromarray(image).save(file, "PNG")
