"""The file that tells Hugging Face's `datasets` which files of an output are the data.

A README.md could say the same, but pandas and pyarrow would take it for a Parquet file.
"""

from contextlib import suppress

from pipelines.output.layout import Layout
from pipelines.storage.storage import Storage

_CONFIG = b"""\
configs:
- config_name: default
  data_files: "**/*.parquet"
"""


def create_dataset_config(layout: Layout, storage: Storage) -> None:
    """Create the file in an output, unless there is one, such as the user's own."""
    with suppress(FileExistsError):
        storage.create(layout.dataset_config, _CONFIG)
