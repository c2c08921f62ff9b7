"""Writes the dataset's description in Croissant 1.1, with the fields of its RAI vocabulary.

Sources: docs.mlcommons.org/croissant, specification 1.1 and RAI 1.0.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.dossier.facts import Facts
from pipelines.dossier.markdown import number
from pipelines.dossier.questions import open_questions
from schemas.counted import counted

_CONFORMS_TO = (
    "http://mlcommons.org/croissant/1.1",
    "http://mlcommons.org/croissant/RAI/1.0",
)
_OF_CROISSANT = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
    "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset",
    "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated",
    "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OF_CROISSANT},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
_TYPES = {
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "int8": "cr:Int8",
    "int16": "cr:Int16",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
    "uint8": "cr:UInt8",
    "uint16": "cr:UInt16",
    "uint32": "cr:UInt32",
    "uint64": "cr:UInt64",
    "float": "cr:Float32",
    "double": "cr:Float64",
}


def croissant_document(facts: Facts) -> str:
    """Return the description as JSON-LD; equal facts give equal text.

    Columns of lists and structs are left out of the record set, and named in its description.
    """
    origin = facts.provenance
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(_CONFORMS_TO),
        "name": facts.name,
        "description": _description(facts),
        "keywords": ["shardmill"],
        **({"inLanguage": facts.language_codes()} if facts.language_codes() else {}),
        "distribution": [
            {
                "@type": "cr:FileSet",
                "@id": "parquet-files",
                "name": "parquet-files",
                "description": "The Parquet files, relative to the folder of the dataset.",
                "encodingFormat": "application/x-parquet",
                "includes": ["*.parquet", "**/*.parquet"],
            }
        ],
        "recordSet": [_record_set(facts)],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": f"shardmill {origin.shardmill}, job {origin.fingerprint}",
        },
        **{f"rai:{name}": value for name, value in _responsible(facts) if value},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _description(facts: Facts) -> str:
    names = ", ".join(each.name for each in open_questions(facts))
    return (
        f"{counted(facts.counts.read, 'sample')} of "
        f"{counted(facts.shards, 'shard')}, {number(facts.counts.kept)} of them kept. "
        "Written from the rows and the record of a job. "
        f"Open questions: {names}."
    )


def _record_set(facts: Facts) -> dict[str, Any]:
    nested = [each.name for each in facts.columns if each.type not in _TYPES]
    left_out = f" Columns of lists, structs and times are left out: {', '.join(nested)}."
    return {
        "@type": "cr:RecordSet",
        "@id": "rows",
        "name": "rows",
        "description": f"One record for each sample.{left_out if nested else ''}",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"rows/{each.name}",
                "name": each.name,
                "description": f"{each.role} column",
                "dataType": _TYPES[each.type],
                "source": {"fileSet": {"@id": "parquet-files"}, "extract": {"column": each.name}},
            }
            for each in facts.columns
            if each.type in _TYPES
        ],
    }


def _responsible(facts: Facts) -> Iterator[tuple[str, str | list[str]]]:
    """Yield the RAI fields that facts can fill; the others stay open questions."""
    counts = facts.counts
    formats = ", ".join(facts.formats)
    yield (
        "dataCollectionRawData",
        f"{counted(facts.shards, 'shard')} ({formats}), {facts.shard_bytes} bytes",
    )
    missing = f"{counted(counts.invalid, 'sample')} could not be read"
    waiting = (
        f"; {counted(facts.missing_units, 'unit')} not committed" if facts.missing_units else ""
    )
    yield "dataCollectionMissingData", missing + waiting
    yield "dataPreprocessingProtocol", [_filter_line(facts, n) for n in range(len(facts.filters))]
    yield (
        "dataAnnotationProtocol",
        [
            f"{each.name}: the prompt {each.prompt!r}"
            if each.prompt
            else f"{each.name}: a prompt that each sample decides"
            for each in facts.tasks
        ],
    )
    if facts.provenance.model:
        yield "machineAnnotationTools", [facts.provenance.model]
        yield "annotationsPerItem", "one answer for each task"
        yield (
            "dataAnnotationAnalysis",
            [
                f"{each.name}: " + ", ".join(f"{name} {n}" for name, n in each.answers.items())
                for each in facts.tasks
            ],
        )
    yield (
        "personalSensitiveInformation",
        [f"{name}: {n} matches replaced by placeholders" for name, n in counts.redactions.items()],
    )
    yield "dataBiases", list(_subgroups(facts))
    yield "dataLimitations", [f"{each.name}: {each.text}" for each in open_questions(facts)]


def _filter_line(facts: Facts, place: int) -> str:
    each = facts.filters[place]
    settings = {key: value for key, value in each.settings.items() if key != "kind"}
    rejected = ", ".join(f"{reason} {n}" for reason, n in each.rejected.items()) or "none"
    written = json.dumps(settings, ensure_ascii=False, sort_keys=True)
    return f"{each.name}, rules {each.version.rules or 'unknown'}, {written}; rejected: {rejected}"


def _subgroups(facts: Facts) -> Iterator[str]:
    for name, each in facts.evaluations.items():
        for part, values in each.parts.items():
            told = ", ".join(
                f"{metric} {value.value:.4g}"
                for metric, value in values.values.items()
                if value.value is not None
            )
            yield f"{name}, {each.by} {part}: {counted(values.samples, 'sample')}, {told}"
    for name, safety in facts.safety.items():
        for row in safety.rows():
            if row.column:
                yield (
                    f"{name}, {row.column} {row.subgroup}: {row.filter}.{row.score} from "
                    f"{safety.threshold:g} on in {row.share.value:.2%} of {row.share.samples}"
                )
