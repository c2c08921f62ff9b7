"""Reads the text of a job file, from this machine or by its URL."""

from difflib import get_close_matches
from pathlib import Path

from pipelines.storage.paths import absolute, scheme
from pipelines.storage.resolve import STORAGE
from pipelines.storage.urls import check_url
from schemas.errors import JobError
from schemas.path_text import first_missing

_MAX_BYTES = 1_000_000  # of a job file, inclusive


def read_job_file(path: str) -> str:
    """Return the text of a job file; a URL is read with the settings of the environment.

    Raises JobError, in one line, if the file cannot be read or is no text.
    """
    check_url(path)
    try:
        with STORAGE.open(absolute(path)) as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise JobError(f"{path}: has more than {_MAX_BYTES:,} bytes: name fewer shards")
        return content.decode("utf-8")
    except OSError as error:
        advice = _explain_url(error) if scheme(path) else _explain(Path(path), error)
        raise JobError(f"{path}: cannot be read: {advice}") from None
    except UnicodeDecodeError:
        raise JobError(f"{path}: is not UTF-8 text: is it a job file? save it as UTF-8") from None


def _explain_url(error: OSError) -> str:
    """Say why the object of a URL cannot be read, and what to change."""
    return f"{error.strerror}" + ": check the URL" * isinstance(error, FileNotFoundError)


def _explain(path: Path, error: OSError) -> str:
    """Say why a job file cannot be read, and what to name instead."""
    folder = path.absolute().parent
    if path.is_dir():
        is_output = (path / "_shardmill").is_dir()
        return f"{error.strerror}: " + (
            "it is an output: name the job file" if is_output else "name the job file in it"
        )
    if path.exists():
        return str(error.strerror)
    if missing := first_missing(str(folder)):
        return f"{error.strerror}: there is no folder {missing}"
    jobs = {each.stem: each.name for each in folder.glob("*.y*ml")}
    close = get_close_matches(path.stem, jobs, 1)
    advice = f"did you mean {jobs[close[0]]}?" if close else f"`shardmill init {path}` writes one"
    return f"{error.strerror}: {advice}"
