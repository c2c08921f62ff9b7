"""The exceptions that Shardmill raises, arranged by whose fault they are.

    Exception
    └── ShardmillError
        ├── JobError (also a ValueError)    the user's: the job, the command line, a file they name
        ├── ShardFault                      the data's: one shard; its unit fails
        │   ├── ShardUnreachable            storage does not give the shard, but may give others
        │   └── ServiceFault                a service does not judge the unit's samples
        ├── TooManyErrors                   the data's: too many samples or units; the run stops
        ├── AnswersDrifted                  the model's: later answers differ; the run stops
        ├── GoldenSetFailed                 the model's: a golden set falls short; no run begins
        └── WorkerFault                     the machine's: no unit is charged
            ├── MachineFault                storage or operating system; the attempt does not count
            └── DeadlinePassed              a step took too long
                └── DecoderHung             decoding one image took too long
    KeyboardInterrupt
    └── Terminated                          nobody's: SIGTERM asked the run to end

Every exception can be pickled, because workers send them to the process that drives the run.
Messages name fields, files and offsets, never the content of a sample.
"""

import re

# Characters that break a line or control a terminal, and lone surrogates, which cannot be encoded.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MAX_LENGTH = 10_000  # characters of a message; two paths of the longest kind fit


class ShardmillError(Exception):
    """The base class of all errors that Shardmill raises on purpose."""


class JobError(ShardmillError, ValueError):
    """An error of the user: the job, the command line or a file that they name is wrong.

    The message is one line that says what to change: what would break the line is escaped, and the
    middle of a very long message is left out. JobError is a ValueError so that pydantic's
    validators may raise it.
    """

    def __init__(self, message: str) -> None:
        line = _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], message)
        if len(line) > _MAX_LENGTH:
            line = f"{line[: _MAX_LENGTH // 2]}…{line[1 - _MAX_LENGTH // 2 :]}"
        super().__init__(line)


class ShardFault(ShardmillError):
    """A fault of the data: a shard cannot be read to its end.

    The unit of the shard fails and is reported; other units go on.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason, offset)
        self.reason = reason  # a code, such as shard_truncated
        self.offset = offset  # bytes of the shard that were read before the fault

    def __str__(self) -> str:
        return f"{self.reason} near byte {self.offset}"


class ShardUnreachable(ShardFault):
    """Storage refuses to open or read a shard: its unit fails, unless it refuses others too.

    It is never salvaged, because the rest of the shard may be whole.
    """

    REASONS = ("shard_permission_denied", "shard_read_failed")


class ServiceFault(ShardFault):
    """A fault of a service that a filter asks: it does not answer, or not as it should.

    The unit fails, so that nothing of it passes unjudged; the next run tries the unit again.
    """

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason, offset)

    def __str__(self) -> str:
        return self.reason


class TooManyErrors(ShardmillError):
    """A fault of the data: more samples or units of a run are bad than the job accepts.

    The run stops. The message says how many are bad, and what to do. The next run continues the
    work.
    """


class AnswersDrifted(ShardmillError):
    """A fault of model or data: answers differ from those of the first units, with `drift.stop`.

    The run stops. The message says what differs. The next run continues the work.
    """


class GoldenSetFailed(ShardmillError):
    """A fault of model or job: the answers about the golden set do not fulfill `canary.require`.

    The run stops before its first unit. The message names each metric, its value and interval, and
    what is required.
    """


class WorkerFault(ShardmillError):
    """A fault of the machine: device, disk, credentials or model fail. No unit is charged."""


class MachineFault(WorkerFault):
    """A fault of storage or the operating system: the attempt at the unit does not count."""


class DeadlinePassed(WorkerFault):
    """A fault of the machine: a step took too long.

    The thread of the step may hang for ever, and then ends only with its process.
    """


class DecoderHung(DeadlinePassed):
    """A fault of the machine: decoding one image took too long."""


class Terminated(KeyboardInterrupt):
    """An interruption by SIGTERM: like Ctrl-C, with an exit code of its own.

    It is no ShardmillError, so that no `except Exception` keeps a process alive.
    """
