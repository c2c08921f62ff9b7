"""The three kinds of trouble: the user's job, the data, and the worker.

Messages name fields, files and offsets, never what a sample holds. All of them pickle.
"""


class JobError(ValueError):
    """The job, the command line or what they point to is wrong: one line that says the mend."""


class ShardFault(Exception):
    """A shard cannot be read to its end: its unit fails and is reported, the others go on."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason, offset)
        self.reason = reason  # a code, such as shard_truncated
        self.offset = offset  # bytes of the shard consumed when the fault was met

    def __str__(self) -> str:
        return f"{self.reason} near byte {self.offset}"


class WorkerFault(Exception):
    """The worker is sick (device, disk, credentials, model): no unit is charged with it."""


class MachineFault(WorkerFault):
    """Storage or the system failed, which no unit can cause: the attempt does not count."""


class TooManyErrors(Exception):
    """More of a run's samples or units are bad than the job accepts: it stops, to be gone on with.

    The message says how many, and what to do.
    """


class DeadlinePassed(WorkerFault):
    """Something takes too long; a thread may hang, and end only with its process."""


class DecoderHung(DeadlinePassed):
    """Decoding an image takes too long."""
