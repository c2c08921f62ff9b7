"""Makes the data of the users in tests/walks, from the demo's scenes."""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from support.sample_data import tar_bytes

from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene, draw_scene

ROOT = Path(__file__).parents[2]
SEED = 14
SHARDS, SAMPLES = 6, 25  # enough work that a run can be interrupted
ORIENTATION = 0x0112  # the EXIF tag; 6: the camera was held upright


def plain_scenes(number: int) -> Iterator[Scene]:
    """The first scenes without anything that a filter drops."""
    index = 0
    while number:
        scene = draw_scene(SEED, index)
        index += 1
        if scene.kind is Kind.PLAIN:
            number -= 1
            yield scene


def models(folder: Path) -> None:
    """A PaliGemma of 6 MB, as if it had been downloaded."""
    shutil.copytree(ROOT / "demo/checkpoint", folder / "paligemma")


def photographs(folder: Path) -> None:
    """Photographs of a camera and a telephone, with what lies beside them on a laptop."""
    models(folder)
    for number, scene in enumerate(plain_scenes(8), 1):
        place = folder / "photos" / ("2025/beach" if number < 5 else "2026")
        place.mkdir(parents=True, exist_ok=True)
        image = Image.open(io.BytesIO(scene.image)).convert("RGB")
        exif = Image.Exif()
        if number in (2, 6):
            image = image.rotate(90, expand=True)
            exif[ORIENTATION] = 6
        image.save(place / f"IMG_{number:04}.JPG", quality=90, exif=exif)
    whole = (folder / "photos/2026/IMG_0008.JPG").read_bytes()
    (folder / "photos/2026/IMG_0009.JPG").write_bytes(whole[: len(whole) // 2])  # a full disk
    (folder / "photos/2026/IMG_0010.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(500))
    (folder / "photos/.DS_Store").write_bytes(b"\0\0\0\1Bud1")


def shards(folder: Path) -> None:
    """What img2dataset wrote, and a data set of Hugging Face."""
    models(folder)
    (folder / "laion").mkdir()
    scenes = list(plain_scenes(SHARDS * SAMPLES))
    for shard in range(SHARDS):
        img2dataset(folder / "laion", shard, scenes[SAMPLES * shard : SAMPLES * (shard + 1)])
    whole = (folder / "laion/00003.tar").read_bytes()
    (folder / "laion/00003.tar").write_bytes(whole[: len(whole) // 2])  # still being copied
    (folder / "copied").mkdir()
    (folder / "copied/00003.tar").write_bytes(whole)
    shutil.copy(ROOT / "tests/walks/interrupt.py", folder)
    (folder / "pets").mkdir()
    images = [{"bytes": scene.image, "path": f"{n}.jpg"} for n, scene in enumerate(scenes[:6])]
    captions = [scene.alt_text for scene in scenes[:6]]
    table = pa.table({"image": images, "caption": captions})
    features = {"image": {"_type": "Image"}, "caption": {"dtype": "string", "_type": "Value"}}
    described = {"huggingface": json.dumps({"info": {"features": features}})}
    table = table.replace_schema_metadata(described)
    pq.write_table(table, folder / "pets/train-00000-of-00001.parquet")


def img2dataset(folder: Path, shard: int, scenes: list[Scene]) -> None:
    """A tar of what was downloaded, a Parquet file that also lists what was not, and statistics."""
    members, rows = [], []
    for number, scene in enumerate(scenes):
        width, height = scene.width, scene.height
        row = {
            "caption": scene.alt_text,
            "url": f"https://example.com/{shard}/{number}.jpg",
            "key": f"{shard:05}{number:04}",
            "status": "success",
            "error_message": None,
            "width": width,
            "height": height,
            "original_width": width,
            "original_height": height,
            "exif": "{}",
            "sha256": hashlib.sha256(scene.image).hexdigest(),
        }
        rows.append(row)
        members += [
            (f"{row['key']}.jpg", scene.image),
            (f"{row['key']}.json", json.dumps(row, indent=4).encode()),
            (f"{row['key']}.txt", scene.alt_text.encode()),
        ]
    nothing = dict.fromkeys(("width", "height", "original_width", "original_height", "exif"))
    lost = {"key": f"{shard:05}{len(scenes):04}", "status": "failed_to_download", "sha256": None}
    error = {"error_message": "HTTP Error 404: Not Found"}
    rows.append({**rows[0], **nothing, **lost, **error})
    (folder / f"{shard:05}.tar").write_bytes(tar_bytes(members))
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{shard:05}.parquet")
    statistics = {
        "count": len(rows),
        "successes": len(scenes),
        "failed_to_download": 1,
        "failed_to_resize": 0,
        "duration": 1.5,
        "start_time": 1700000000.0,
        "end_time": 1700000001.5,
        "status_dict": {"success": len(scenes), "HTTP Error 404: Not Found": 1},
    }
    (folder / f"{shard:05}_stats.json").write_text(json.dumps(statistics, indent=4))


DATA = {"photographs": photographs, "shards": shards}
