"""The measured figures add up, and the roofline follows the amount of work."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest

from inference import Model
from inference.benchmarking import roofline
from inference.benchmarking.benchmark import KINDS, Rate, bench
from inference.benchmarking.roofline import Lengths, Rates, least_seconds
from inference.families.paligemma.workload import count_workload
from pipelines.operations.bench import KINDS as NAMES
from schemas.resources import Resources


def opened(path: str) -> BinaryIO:
    return Path(path).open("rb")


def test_the_command_line_knows_every_kind() -> None:
    assert set(NAMES) == set(KINDS)


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_rates_by_the_size_of_blocks(checkpoint: Callable[..., Path], engine: str) -> None:
    settings = {"checkpoint": str(checkpoint(2)), "precision": "float32", "engine": engine}
    resources = Resources(opened)
    mix = ("caption", "answer")
    rates = list(bench(Model.model_validate(settings), mix, [2, 5], 5, resources))
    assert [rate.block_size for rate in rates] == [2, 5]
    assert rates[0].tokens == rates[1].tokens  # the same requests, whatever the block size
    assert 5 * 2 <= rates[0].tokens <= 5 * sum(KINDS[kind].longest for kind in mix)
    assert all(rate.memory > 0 and rate.seconds > 0 for rate in rates)


@pytest.mark.parametrize(("precision", "bits"), [("bfloat16", 16), ("int8", 8.5), ("nf4", 4.5)])
def test_a_step_reads_weights_as_they_are_stored(
    checkpoint: Callable[..., Path], engine: Callable[..., Any], precision: str, bits: float
) -> None:
    model = engine(checkpoint(2), precision=precision).model
    config = model.config.text_config
    one_step = [Lengths(prompt=4, answer=2)]
    workload = count_workload(model)
    bytes_read = least_seconds(workload, 0, one_step, 1, Rates(float("inf"), 1))
    # Keys and values of 16 image tokens, 4 of the prompt and, on average, half a generated one.
    bytes_read -= 2 * 4 * config.num_key_value_heads * config.head_dim * model.dtype.itemsize * 20.5
    width, inner, kv_width = 64, 4 * 64, config.num_key_value_heads * config.head_dim
    numbers = 4 * (2 * width * width + 2 * width * kv_width + 3 * width * inner)
    head = model.dtype.itemsize * width * config.vocab_size
    # int8 has one scale per output, so the scales take a smaller share where inputs are many.
    assert numbers * bits / 8 * 0.95 < bytes_read - head <= numbers * bits / 8


def test_hours() -> None:
    rate = Rate(block_size=4, images=100, seconds=10, tokens=50, memory=1, least=2.5)
    assert rate.images_per_second == 10
    assert rate.tokens_per_second == 5
    assert rate.roofline_share == 0.25
    assert rate.hours(72_000, devices=2) == 1


def test_least_seconds(checkpoint: Callable[..., Path], engine: Callable[..., Any]) -> None:
    model = engine(checkpoint(2)).model
    work = [Lengths(prompt=4, answer=9)] * 6

    def least(**changed: Any) -> float:
        known: dict[str, Any] = {"images": 2, "answers": work, "slots": 3, "rates": Rates(1e9, 1e9)}
        return least_seconds(count_workload(model), **{**known, **changed})

    assert least(rates=Rates(2e9, 2e9)) == pytest.approx(least() / 2)
    assert least(images=4, answers=2 * work) == pytest.approx(2 * least())
    assert least(slots=6) < least()  # weights are read for more rows at a time
    no_steps = [Lengths(prompt=4, answer=1)] * 6
    # Without steps only arithmetic is left: encoding two images and prefilling six prompts.
    assert least(answers=no_steps, rates=Rates(1e9, 1e3)) == least(answers=no_steps)
    layers = [*model.model.language_model.layers]
    weights = sum(
        parameter.numel()
        for layer in layers
        for parameter in layer.parameters()
        if parameter.dim() > 1
    )
    prefill = least(images=0, answers=no_steps, rates=Rates(1.0, 1.0))
    attention = len(layers) * 4 * 20**2 * 64  # over 16 image tokens and 4 of the prompt
    assert prefill == 6 * (2 * weights * 20 + attention)


@pytest.mark.parametrize(("seconds", "calls"), [(0.01, 10), (0.3, 4), (5.0, 1)])
def test_slow_calls_are_timed_less_often(
    monkeypatch: pytest.MonkeyPatch, seconds: float, calls: int
) -> None:
    """So that a CPU without instructions for bfloat16 is measured in a second."""
    made: list[float] = []
    clock = SimpleNamespace(perf_counter=lambda: sum(made))
    monkeypatch.setattr(roofline, "time", clock)
    assert roofline._fastest_call(lambda: made.append(seconds), "cpu") == pytest.approx(seconds)
    assert len(made) == calls
