"""The sections that several documents share: samples, filters, redactions, model, columns."""

import json
from collections.abc import Iterator

from pipelines.dossier.facts import Facts
from pipelines.dossier.markdown import code, number, share, table, text
from pipelines.dossier.questions import open_questions
from schemas.counted import counted
from schemas.sample_status import SAMPLE_STATUSES

_SHOWN_HOSTS = 20
_LONGEST_SETTINGS = 4000  # characters


def sources(facts: Facts) -> Iterator[str]:
    """Yield what is known of the shards, and the hosts and licenses of kept samples."""
    names = ", ".join(map(code, facts.shard_names))
    yield (
        f"{counted(facts.shards, 'shard')} ({', '.join(map(code, facts.formats))}), "
        f"{number(facts.shard_bytes)} bytes, named like {names}."
    )
    yield ""
    if facts.missing_units:
        yield (
            f"Not committed yet: {number(facts.missing_units)} of "
            f"{counted(facts.units, 'unit')}: "
            "their samples are not counted here."
        )
        yield ""
    rows = facts.rows
    if rows.url_column:
        yield (
            f"Hosts of {code(rows.url_column)} in kept samples: {number(rows.num_hosts)}. "
            f"The commonest ones:"
        )
        yield ""
        yield from table(
            ["host", "samples", "share"],
            ([text(name), number(n), share(n, rows.kept)] for name, n in rows.hosts[:_SHOWN_HOSTS]),
        )
    if rows.license_column:
        yield f"Values of {code(rows.license_column)} in kept samples:"
        yield ""
        pairs = sorted(rows.licenses.items(), key=lambda pair: (-pair[1], pair[0]))
        yield from table(
            ["value", "samples", "share"],
            ([text(name), number(n), share(n, rows.kept)] for name, n in pairs[:_SHOWN_HOSTS]),
        )


def samples(facts: Facts) -> Iterator[str]:
    """Yield the number of samples of each status, and the reasons of those that cannot be read."""
    counts = facts.counts
    by_status = counts.by_status()
    yield from table(
        ["status", "samples", "share"],
        (
            [status, number(by_status[status]), share(by_status[status], counts.read)]
            for status in SAMPLE_STATUSES
        ),
    )
    prefix = "invalid/"
    bad = {key: n for key, n in counts.reasons.items() if key.startswith(prefix)}
    if bad:
        told = ", ".join(f"{code(key.removeprefix(prefix))} {number(n)}" for key, n in bad.items())
        yield f"Samples that could not be read, by reason: {told}."
        yield ""


def filters(facts: Facts) -> Iterator[str]:
    """Yield a row for each filter: its version, what it saw and rejected, and its settings."""
    yield from table(
        ["filter", "rules", "seen", "dropped", "quarantined", "redacted", "rejected", "reasons"],
        (
            [
                code(each.name),
                text(each.version.rules or "unknown"),
                *(
                    [number(n) for n in (c.seen, c.dropped, c.quarantined, c.redacted)]
                    if (c := each.counts)
                    else ["–"] * 4
                ),
                "–" if each.rate is None else f"{each.rate:.2%}",
                ", ".join(f"{code(reason)} {number(n)}" for reason, n in each.rejected.items()),
            ]
            for each in facts.filters
        ),
    )
    if facts.filters:
        yield "Settings, thresholds among them; lists and models in folders are named by digests:"
        yield ""
        for each in facts.filters:
            settings = {key: value for key, value in each.settings.items() if key != "kind"}
            yield f"- {code(each.name)}: {code(_short(settings), _LONGEST_SETTINGS)}"
            for model in each.version.models:
                yield f"  - model {code(model)}"
        yield ""


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def languages(facts: Facts) -> Iterator[str]:
    """Yield the kept samples of each language of the source text."""
    found = sorted(facts.languages().items(), key=lambda pair: (-pair[1], pair[0]))
    kept = facts.counts.kept
    yield from table(
        ["language of the source text", "kept samples", "share"],
        ([code(name), number(n), share(n, kept)] for name, n in found),
    )


def redactions(facts: Facts) -> Iterator[str]:
    """Yield how often placeholders replaced personal data, by kind."""
    yield from table(
        ["kind", "matches replaced in texts of samples"],
        ([code(name), number(n)] for name, n in facts.counts.redactions.items()),
    )


def model(facts: Facts) -> Iterator[str]:
    """Yield the model with its commit, its terms, and the prompt and answers of each task."""
    if not facts.provenance.model:
        yield "The job asked no model."
        yield ""
        return
    yield f"Model: {code(facts.provenance.model)}, run by Shardmill {facts.provenance.shardmill}."
    yield ""
    for line in facts.terms:
        yield f"- Terms: {text(line)}."
    if facts.terms:
        yield ""
    yield from table(
        ["column", "task", "prompt", "answers by status", "tokens", "withheld by filters"],
        (
            [
                code(each.name),
                code(each.kind),
                code(each.prompt) if each.prompt else "decided by each sample",
                ", ".join(f"{text(name)} {number(n)}" for name, n in each.answers.items()) or "–",
                number(each.tokens),
                ", ".join(f"{code(name)} {number(n)}" for name, n in each.withheld.items()) or "–",
            ]
            for each in facts.tasks
        ),
    )


def columns(facts: Facts) -> Iterator[str]:
    yield from table(
        ["column", "type", "role"],
        ([code(each.name), code(each.type), each.role] for each in facts.columns),
    )


def evaluations(facts: Facts) -> Iterator[str]:
    """Yield the stored evaluations: all values, and those of each part of the samples."""
    for name, each in facts.evaluations.items():
        yield f"Evaluation {code(name)} of the task {code(each.task)}" + (
            f", by {code(each.by)}:" if each.by else ":"
        )
        yield ""
        parts = {"all samples": each.values, **{k: v.values for k, v in each.parts.items()}}
        numbers = {k: v.samples for k, v in each.parts.items()}
        yield from table(
            ["samples", "number", "metric", "value", "95 % interval"],
            (
                [
                    text(part),
                    number(numbers[part]) if part in numbers else "",
                    code(metric),
                    _written(value.value),
                    f"{_written(value.low)} to {_written(value.high)}",
                ]
                for part, values in parts.items()
                for metric, value in values.items()
            ),
        )
    for name, safety in facts.safety.items():
        yield (
            f"Safety {code(name)} of the task {code(safety.task)}: the share of answers with a "
            f"score from {safety.threshold:g} on:"
        )
        yield ""
        yield from table(
            ["filter", "score", "samples", "number", "share", "95 % interval"],
            (
                [
                    code(row.filter),
                    code(row.score),
                    f"{code(row.column)} {text(row.subgroup)}"
                    if row.column
                    else text(row.subgroup),
                    number(row.share.samples),
                    f"{row.share.value:.2%}",
                    f"{row.share.low:.2%} to {row.share.high:.2%}",
                ]
                for row in safety.rows()
            ),
        )
    for name in facts.damaged_evaluations:
        yield f"Evaluation {code(name)} cannot be read."
        yield ""


def _written(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def questions(facts: Facts) -> Iterator[str]:
    for each in open_questions(facts):
        yield f"- **{each.name}**: {each.text}"
    yield ""
