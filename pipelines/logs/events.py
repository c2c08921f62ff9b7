"""The events of a log in JSON: their levels, meanings and keys, and the JSON Schema of a line."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")


class Event(NamedTuple):
    """An event: its usual level, what it means, and the keys that its lines have."""

    level: Level
    meaning: str
    keys: tuple[str, ...] = ()


_PROGRESS = ("units_done", "units_total", "counts", "images_per_second", "hours_left")

EVENTS: Mapping[str, Event] = {
    "run_started": Event(
        "info", "A run is planned and begins.", ("job", "units_done", "units_total", "units_to_do")
    ),
    "progress": Event("info", "How far the run is: once a minute, and at its end.", _PROGRESS),
    "unit_committed": Event(
        "info", "All rows of a unit are stored.", ("unit", "attempt", "seconds", "counts")
    ),
    "unit_salvaged": Event(
        "warning",
        "The rows before the damage of a unit are stored.",
        ("unit", "attempt", "seconds", "counts", "reason", "offset"),
    ),
    "unit_failed": Event(
        "error",
        "A unit could not be read, or ended its process.",
        ("unit", "attempt", "seconds", "reason", "offset"),
    ),
    "unit_requeued": Event(
        "warning", "A unit is tried again, because its worker was lost.", ("unit", "reason")
    ),
    "service_failed": Event(
        "warning",
        "A service that a filter asks did not judge samples; their unit fails.",
        ("filter", "reason"),
    ),
    "golden_judged": Event(
        "info",
        "A metric of the golden set is compared with what the job requires; a miss is an error.",
        ("requirement", "required", "value", "low", "high", "passed"),
    ),
    "answers_changed": Event(
        "warning",
        "The answers of the last units differ from those of the first ones.",
        ("task", "characteristic", "unit", "first", "now", "units", "p_value"),
    ),
    "worker_failed": Event("error", "A worker process ends because of a fault of the machine."),
    "deadline_passed": Event("error", "A process ends because a step took too long."),
    "metrics_served": Event("info", "Metrics can be read at this address.", ("host", "port")),
    "metrics_failed": Event("warning", "Metrics could not be written; the run goes on."),
    "warning": Event("warning", "Something that a person should look at."),
    "notice": Event("info", "What a command does."),
    "run_ended": Event(
        "info",
        "A run came to its end; unless it is complete or partial, the level is error.",
        ("job", "outcome", "units_done", "units_total", "units_here", "seconds", "counts"),
    ),
    "command_failed": Event("error", "An error ends the command, and its run.", ("exit_code",)),
    "crashed": Event("error", "A fault of Shardmill itself ends the command.", ("exit_code",)),
    "interrupted": Event(
        "warning", "Ctrl-C or SIGTERM ends the command, and its run.", ("exit_code",)
    ),
    "library_message": Event(
        "warning", "A message of a library, at the library's own level.", ("logger",)
    ),
    "output": Event("warning", "A line that a library printed; of stdout, the level is info."),
}

_NUMBER = {"type": "number", "minimum": 0}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}

KEYS: Mapping[str, tuple[dict[str, Any], str]] = {
    "time": (
        {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
        "The time in UTC, as RFC 3339.",
    ),
    "level": ({"enum": list(LEVELS)}, "debug, info, warning or error."),
    "event": ({"enum": list(EVENTS)}, "The name of the event."),
    "run": (_TEXT, "The name of the run, as in `_shardmill/runs`; empty before it has one."),
    "message": (_TEXT, "One line for people."),
    "job": (_TEXT, "The name of the job."),
    "unit": (_TEXT, "The name of a unit."),
    "attempt": (_COUNT, "The number of the attempt at the unit, beginning with 1."),
    "seconds": (_NUMBER, "Seconds of the wall clock that the unit, or the run, took."),
    "counts": (
        {"type": "object", "additionalProperties": _COUNT},
        "Samples: read, kept, dropped, quarantined, invalid.",
    ),
    "reason": (_TEXT, "A reason code, or how the process of a worker ended."),
    "filter": (_TEXT, "The name of a filter."),
    "offset": ({"type": ["integer", "null"]}, "The byte of the shard near which the fault is."),
    "units_done": (_COUNT, "Units that are committed, in this run and before."),
    "units_total": (_COUNT, "Units of the job."),
    "units_to_do": (_COUNT, "Units that were not committed when the run began."),
    "units_here": (_COUNT, "Units that this run committed."),
    "images_per_second": (_NUMBER, "Samples that all workers did, per second of the wall clock."),
    "hours_left": (
        {"type": ["number", "null"]},
        "Hours to the end; null while unknown, and at the end.",
    ),
    "outcome": (_TEXT, "The outcome, as in the summary of a run."),
    "exit_code": (_COUNT, "The exit code of the command."),
    "requirement": (_TEXT, "The metric of a task that the job requires."),
    "required": (_TEXT, "The comparison that the value must fulfill."),
    "value": ({"type": ["number", "null"]}, "The value of a metric; null if it is no number."),
    "low": ({"type": ["number", "null"]}, "The lower end of the interval of the value."),
    "high": ({"type": ["number", "null"]}, "The upper end of the interval of the value."),
    "passed": ({"type": "boolean"}, "Whether the value fulfills the comparison."),
    "task": (_TEXT, "The name of a task."),
    "characteristic": (
        {"enum": ["empty", "refusals", "repetitive", "other_language", "length"]},
        "What is compared: a share of answers, or the mean number of tokens.",
    ),
    "first": (_NUMBER, "The share or mean of the first units."),
    "now": (_NUMBER, "The share or mean of the last units."),
    "units": (_COUNT, "The number of these last units; those with few answers count together."),
    "p_value": (_NUMBER, "The probability of a difference as large by chance."),
    "logger": (_TEXT, "The name of the library's logger."),
    "host": (_TEXT, "The address at which this process listens."),
    "port": (_COUNT, "The port at which this process listens."),
}
ALWAYS = ("time", "level", "event", "run", "message")


def log_schema() -> dict[str, Any]:
    """Return the JSON Schema of a line of the log."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of Shardmill's log",
        "type": "object",
        "required": list(ALWAYS),
        "properties": {name: {**kind, "description": text} for name, (kind, text) in KEYS.items()},
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"event": {"const": name}}},
                "then": {
                    "required": list(event.keys),
                    "propertyNames": {"enum": [*ALWAYS, *event.keys]},
                },
            }
            for name, event in EVENTS.items()
        ],
    }
