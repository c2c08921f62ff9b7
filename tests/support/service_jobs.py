"""Jobs with one filter that asks a service, over shards whose samples the service tells apart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image
from support.google_services import GRAY, RED, GoogleServices
from support.sample_data import encoded, write_shard

KINDS = ("personal_data_dlp", "text_safety_google", "toxicity_perspective", "image_safety_google")
PRIVATE = "ann@example.org"
STATUS: Mapping[str, str] = {  # of the bad sample of each shard
    "personal_data_dlp": "kept",
    "text_safety_google": "dropped",
    "toxicity_perspective": "dropped",
    "image_safety_google": "dropped",
}
SAMPLES = 6  # of a shard; number 2 is bad


def service_filter(kind: str, services: GoogleServices, **settings: Any) -> dict[str, Any]:
    """A filter of a job file that asks a server on this machine."""
    endpoint = services.endpoint
    if kind == "toxicity_perspective":
        endpoint = services.http_endpoint
    project = {"project": "my-project"} if kind == "personal_data_dlp" else {}
    given = {"kind": kind, "endpoint": endpoint, "requests_per_minute": None, **project}
    return {**given, **settings}


def write_shards(folder: Path, shards: int) -> None:
    """Write shards of small samples; each key, text and image occurs once in all shards."""
    for shard in range(shards):
        members = []
        for number in range(SAMPLES):
            is_bad = number == 2
            image = Image.new("RGB", (24, 24), RED if is_bad else GRAY)
            image.paste((9 * shard + 40, 20 * number, 0), (0, 0, 4, 4))
            text = f"dog {number} of {shard}" + (f", idiot, mail {PRIVATE}" if is_bad else "")
            members += [
                (f"{shard:03}-{number:04}.png", encoded(image, "PNG")),
                (f"{shard:03}-{number:04}.txt", text.encode()),
            ]
        write_shard(folder / f"shards/{shard:03}.tar", members)


def stored_rows(folder: Path, output: str = "output") -> list[dict[str, Any]]:
    """Read the rows of an output, shard by shard."""
    files = sorted((folder / output).glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def filter_job(folder: Path, *filters: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A job that only filters, over `folder/shards` into `folder/output`."""
    return {
        "name": "services",
        "input": {"shards": f"{folder}/shards/*.tar"},
        "filters": list(filters),
        "output": f"{folder}/output",
        "max_error_rate": 1,
        **keys,
    }
