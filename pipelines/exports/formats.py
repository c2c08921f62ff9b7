"""The formats of exports: one table. A new format is a module beside this one and a line here."""

from pipelines.exports import coco, lance_dataset, tar_samples
from pipelines.exports.csv_rows import CsvRows
from pipelines.exports.dataset_readme import csv_readme, json_readme, webdataset_readme
from pipelines.exports.export_file import ExportFormat
from pipelines.exports.hugging_face import FOLDER, HuggingFaceFile, dataset_card
from pipelines.exports.json_lines import JsonLines

FORMATS = {
    "webdataset": ExportFormat(
        ".tar",
        tar_samples.TarSamples,
        takes_images=True,
        most_rows=tar_samples.SAMPLES,
        more_files=webdataset_readme,
    ),
    "huggingface": ExportFormat(
        ".parquet", HuggingFaceFile, FOLDER, takes_images=True, more_files=dataset_card
    ),
    "coco": ExportFormat(
        ".json",
        coco.CocoFile,
        only_kept=True,
        one_file=True,
        reads=coco.COLUMNS,
        labels=coco.checked_labels,
    ),
    "jsonl": ExportFormat(".jsonl", JsonLines, more_files=json_readme),
    "csv": ExportFormat(".csv", CsvRows, more_files=csv_readme),
    "lance": ExportFormat(
        lance_dataset.EXTENSION,
        lance_dataset.LanceFile,
        lance_dataset.FOLDER,
        takes_images=True,
        more_files=lance_dataset.manifests,
    ),
}
