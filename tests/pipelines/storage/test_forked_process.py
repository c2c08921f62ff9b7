"""A process that was forked after a request to a store is told so at once: it does not hang."""

import os

from support.small_s3 import BUCKET, SmallS3

from pipelines.storage.resolve import STORAGE


def test_a_fork_of_a_process_that_used_a_store_does_not_hang(small_s3: SmallS3) -> None:
    path = f"s3://{BUCKET}/a.tar"
    assert STORAGE.entry(path) is None
    child = os.fork()
    if not child:
        said = 0
        try:
            STORAGE.entry(path)
        except RuntimeError as error:
            said = "spawn or forkserver" in str(error)
        finally:
            os._exit(42 * said)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    assert STORAGE.entry(path) is None
