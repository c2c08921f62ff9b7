"""A process that exits soon after requests were canceled lets the client's threads settle first."""

import asyncio
import concurrent.futures
import threading

import pytest

from pipelines.storage import object_loop


@pytest.mark.parametrize("is_canceled", [True, False])
def test_the_end_waits_only_after_a_request_was_canceled(
    is_canceled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(object_loop, "_SETTLE_SECONDS", 1e6)  # however slow this machine is
    monkeypatch.setattr(object_loop.asyncio, "sleep", sleep)
    thread = object_loop._RequestThread()
    began = threading.Event()

    async def request() -> None:
        began.set()
        if is_canceled:
            await asyncio.Event().wait()

    future = asyncio.run_coroutine_threadsafe(thread.track(request()), thread.loop)
    assert began.wait(200)
    if is_canceled:
        thread.hurry()
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(200)
    else:
        future.result(200)
    thread.end()
    thread._thread.join(200)
    assert [seconds > 0 for seconds in slept] == [True] * is_canceled
