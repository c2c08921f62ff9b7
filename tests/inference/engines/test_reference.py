"""Compares the reference engine with a plain forward pass, and with itself in other batches."""

import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_forward import PlainForward
from support.same_answers import CLOSE, assert_same, median_error

from inference.engines.reference import ReferenceEngine
from schemas.errors import WorkerFault
from schemas.generation import Generation, Request

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (4, 56, 56, 3), dtype=np.uint8)
PROMPTS = ("caption en", "ocr", "detect red circle ; blue square", "answer en how many are there?")

Exact = Callable[[Path], PlainForward]


@pytest.fixture(scope="module")
def engines(
    checkpoint: Callable[..., Path], engine: Callable[..., ReferenceEngine], generation: int
) -> Mapping[int, ReferenceEngine]:
    """Engines by batch size."""
    return {size: engine(checkpoint(generation), batch_size=size) for size in (1, 3, 16)}


def logprobs(answer: Generation) -> list[float]:
    return [token.logprob for token in answer.tokens]


def block_of(*prompts: str, limit: int = 12) -> list[Request]:
    """All prompts about all images."""
    return [Request((image,), tuple((prompt, limit) for prompt in prompts)) for image in IMAGES]


def test_answers_are_those_of_a_plain_forward_pass(
    engines: Mapping[int, ReferenceEngine],
    checkpoint: Callable[..., Path],
    exact: Exact,
    generation: int,
) -> None:
    answers = engines[3].generate(block_of(*PROMPTS))
    assert len({answer.text for row in answers for answer in row}) > 8
    plain = exact(checkpoint(generation))
    for image, row in zip(IMAGES, answers, strict=True):
        for prompt, answer in zip(PROMPTS, row, strict=True):
            expected = plain((image,), prompt, [token.id for token in answer.tokens])
            for at, token in zip(expected, answer.tokens, strict=False):
                assert token.logprob == pytest.approx(float(at[token.id]), abs=CLOSE)
                assert at[token.id] >= at.max() - 2 * CLOSE


Inputs = dict[str, Any]


def causal_prefix(inputs: Inputs) -> Inputs:
    return inputs | {"token_type_ids": None}


def answer_in_the_prefix(inputs: Inputs) -> Inputs:
    return inputs | {"token_type_ids": torch.ones_like(inputs["input_ids"])}


def padding_to_the_right(inputs: Inputs) -> Inputs:
    shifts = (inputs["attention_mask"] == 0).sum(dim=1).tolist()
    moved = {
        name: torch.stack([row.roll(-n) for row, n in zip(inputs[name], shifts, strict=True)])
        for name in ("input_ids", "attention_mask")
    }
    return inputs | moved


def padding_seen(inputs: Inputs) -> Inputs:
    return inputs | {"attention_mask": torch.ones_like(inputs["input_ids"])}


def without(column: int) -> Callable[[Inputs], Inputs]:
    def without(inputs: Inputs) -> Inputs:
        def cut(values: torch.Tensor) -> torch.Tensor:
            columns = list(range(values.shape[1]))
            del columns[column]
            return values[:, columns]

        names = ("input_ids", "attention_mask", "token_type_ids")
        return inputs | {name: cut(inputs[name]) for name in names}

    return without


def image_after_bos(inputs: Inputs) -> Inputs:
    token_ids = inputs["input_ids"].clone()
    token_ids[:, :17] = token_ids[:, :17].roll(1, dims=1)
    return inputs | {"input_ids": token_ids}


@pytest.mark.parametrize(
    ("mistake", "prompts"),
    [
        (causal_prefix, PROMPTS),  # with equal lengths, PaliGemma happens to be right
        (answer_in_the_prefix, PROMPTS[:1]),
        (padding_to_the_right, PROMPTS),
        (padding_seen, PROMPTS),
        (without(16), PROMPTS[:1]),  # BOS
        (without(-1), PROMPTS[:1]),  # the newline
        (image_after_bos, PROMPTS[:1]),
    ],
    ids=["causal", "answer", "right", "seen", "bos", "newline", "image-after-bos"],
)
def test_every_trap_would_change_the_answers(
    engines: Mapping[int, ReferenceEngine],
    monkeypatch: pytest.MonkeyPatch,
    mistake: Callable[[Inputs], Inputs],
    prompts: tuple[str, ...],
) -> None:
    """Each mistake moves the log-probabilities by far more than the tests above allow."""
    engine = engines[16]
    right = engine.generate(block_of(*prompts, limit=1))
    model = engine._loaded.model
    generate = model.generate

    def mistaken(**inputs: Any) -> Any:
        made = mistake(inputs)
        cut = inputs["input_ids"].shape[1] - made["input_ids"].shape[1]
        output = generate(**made)
        return torch.nn.functional.pad(output, (cut, 0))

    monkeypatch.setattr(model, "generate", mistaken)
    wrong = engine.generate(block_of(*prompts, limit=1))
    moved = [
        abs(first.logprob - second.logprob) if first.id == second.id else math.inf
        for rows in zip(right, wrong, strict=True)
        for pair in zip(*rows, strict=True)
        for first, second in zip(pair[0].tokens, pair[1].tokens, strict=False)
    ]
    assert max(moved) > 10 * CLOSE


blocks = st.lists(
    st.tuples(
        st.integers(0, len(IMAGES) - 1),
        st.lists(
            st.tuples(st.sampled_from(PROMPTS) | st.text(max_size=20), st.integers(1, 8)),
            max_size=3,
        ),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=6, derandomize=True)
@given(block=blocks, size=st.sampled_from([1, 3, 16]))
def test_whatever_the_block_each_answer_is_as_if_asked_alone(  # noqa: PLR0917
    engines: Mapping[int, ReferenceEngine],
    checkpoint: Callable[..., Path],
    exact: Exact,
    generation: int,
    block: list[tuple[int, list[tuple[str, int]]]],
    size: int,
) -> None:
    requests = [Request((IMAGES[image],), tuple(prompts)) for image, prompts in block]
    alone = [
        [engines[1].generate([Request(each.images, (prompt,))])[0][0] for prompt in each.prompts]
        for each in requests
    ]
    assert_same(requests, engines[size].generate(requests), alone, exact(checkpoint(generation)))


def test_the_same_block_twice_is_the_same_to_the_bit(
    engines: Mapping[int, ReferenceEngine],
) -> None:
    assert engines[3].generate(block_of(*PROMPTS)) == engines[3].generate(block_of(*PROMPTS))


def test_vision_tower_sees_each_image_once(engines: Mapping[int, ReferenceEngine]) -> None:
    sizes: list[int] = []
    tower = engines[3]._loaded.model.model.vision_tower

    def count(_: Any, __: Any, inputs: Mapping[str, Any], output: Any) -> None:
        sizes.append(output.last_hidden_state.shape[0])

    hook = tower.register_forward_hook(count, with_kwargs=True)
    engines[3].generate([*block_of(*PROMPTS), *block_of("ocr", limit=2)])
    hook.remove()
    assert sizes == [3, 3, 2]


def test_answers_end_at_the_end_token_or_at_their_own_limit(
    engines: Mapping[int, ReferenceEngine],
) -> None:
    """Each prompt is a batch of its own, so that the order of summation is always the same."""
    ended = 0
    for image in IMAGES[:2]:
        for prompt in PROMPTS:
            ((answer,),) = engines[16].generate([Request((image,), ((prompt, 60),))])
            assert all(token.logprob <= 0 for token in answer.tokens)
            assert "<eos>" not in answer.text
            length = len(answer.tokens)  # the end token took one more step
            if answer.finish_reason == "length" or length == 0:
                continue
            ended += 1
            request = Request((image,), ((prompt, length), (prompt, length + 1)))
            ((cut, all_of_it),) = engines[16].generate([request])
            assert (cut.finish_reason, all_of_it.finish_reason) == ("length", "stop")
            assert cut.text == all_of_it.text == answer.text
    assert ended > 2


def test_captions_do_not_wait_for_longer_answers(
    engines: Mapping[int, ReferenceEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = engines[16]._loaded.model
    generate, calls = model.generate, []

    def counted(**inputs: Any) -> Any:
        calls.append((inputs["max_new_tokens"], len(inputs["input_ids"])))
        return generate(**inputs)

    monkeypatch.setattr(model, "generate", counted)
    engines[16].generate([Request((image,), (("ocr", 9), ("caption en", 2))) for image in IMAGES])
    assert calls == [(2, 4), (9, 4)]


def test_nothing_asked(engines: Mapping[int, ReferenceEngine]) -> None:
    assert engines[3].generate([]) == []
    assert engines[3].generate([Request((IMAGES[0],), ())]) == [()]


@pytest.mark.parametrize(("precision", "unit"), [("bfloat16", 2**-8), ("float16", 2**-11)])
def test_errors_in_other_precisions_grow_with_the_rounding_error(  # noqa: PLR0917
    checkpoint: Callable[..., Path],
    engine: Callable[..., ReferenceEngine],
    engines: Mapping[int, ReferenceEngine],
    exact: Exact,
    generation: int,
    precision: str,
    unit: float,
) -> None:
    """The errors may also be smaller, because products are summed in float32."""
    block, plain = block_of(*PROMPTS, limit=3), exact(checkpoint(generation))
    low = engine(checkpoint(generation), precision=precision).generate(block)
    grown = unit / 2**-24 * median_error(block, engines[3].generate(block), plain)
    assert median_error(block, low, plain) < grown


def test_faults_tell_their_type_and_nothing_of_the_data(
    checkpoint: Callable[..., Path], engine: Callable[..., ReferenceEngine]
) -> None:
    sick = engine(checkpoint(1))
    sick._loaded.model.lm_head.weight = torch.nn.Parameter(torch.zeros(7, 3))
    with pytest.raises(WorkerFault) as caught:
        sick.generate(block_of("a secret"))
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - as between workers
    assert str(again) == "the engine failed: RuntimeError"
    assert caught.value.__suppress_context__


def test_answers_of_a_model_that_overflows_are_not_believed(
    checkpoint: Callable[..., Path], engine: Callable[..., ReferenceEngine]
) -> None:
    overflowing = engine(checkpoint(1))
    with torch.no_grad():
        overflowing._loaded.model.lm_head.weight.fill_(math.nan)
    with pytest.raises(WorkerFault, match="not finite"):
        overflowing.generate(block_of("ocr"))


@pytest.mark.parametrize(("most", "oom_retries"), [(3, 0), (2, 1), (1, 1)])
def test_where_memory_runs_out_a_block_is_run_again_in_halves(
    checkpoint: Callable[..., Path],
    engine: Callable[..., ReferenceEngine],
    exact: Exact,
    most: int,
    oom_retries: int,
) -> None:
    short, block = engine(checkpoint(2), batch_size=3), block_of("ocr", "caption en")
    whole = short.generate(block)

    def fits(_: Any, images: tuple[torch.Tensor]) -> None:
        if len(images[0]) > most:
            raise torch.OutOfMemoryError

    hook = short._loaded.model.model.vision_tower.register_forward_pre_hook(fits)
    again = short.generate(block)
    hook.remove()
    assert short.oom_retries == oom_retries
    assert_same(block, again, whole, exact(checkpoint(2)))


def test_a_prompt_that_does_not_fit_alone_is_the_workers_fault(
    checkpoint: Callable[..., Path], engine: Callable[..., ReferenceEngine]
) -> None:
    full = engine(checkpoint(1))

    def refuse(*_: Any) -> None:
        raise torch.OutOfMemoryError

    full._loaded.model.model.vision_tower.register_forward_pre_hook(refuse)
    with pytest.raises(WorkerFault, match="one prompt alone does not fit"):
        full.generate(block_of("ocr"))
