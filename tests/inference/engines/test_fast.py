"""The fast engine generates the reference's tokens, whatever the block and the slots."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.compiler import traced_for_cpu
from support.plain_forward import PlainForward
from support.same_answers import assert_same, median_error
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException

from demo.evaluation.quality import LEARNED_KINDS, tasks
from demo.scenes.encoded_image import model_image
from demo.scenes.scenes import draw_scene
from inference.engines.fast import FastEngine
from inference.engines.reference import ReferenceEngine
from inference.engines.shape_buckets import CPU_BUCKETS, GPU_BUCKETS
from inference.families import FAMILIES
from inference.families.paligemma.kernels import compiling
from inference.families.paligemma.language_model import LanguageModel
from schemas.errors import WorkerFault
from schemas.generation import Generation, Request
from schemas.sample import Sample, Text

DEMO = Path(__file__).parents[3] / "demo/checkpoint"
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (5, 56, 56, 3), dtype=np.uint8)
PROMPTS = (
    "caption en",
    "cap es",
    "describe de",
    "ocr",
    "answer en how many are there?",
    "question en two",
    "detect red circle ; blue square",
    "segment star",
)
TEXTS = (
    *PROMPTS,
    "",
    "\n",
    " 0 \t",
    "Question: which?\nOptions: (A) red (B) blue\nAnswer:",
    "a prompt that is longer than the others ",
    "<image><bos> ocr<eos>",
    "<loc0512><seg003> \x00",
    "größer 大きい \U0001f642\u200d",
)
LIMIT = 24

Exact = Callable[[Path], PlainForward]


@pytest.fixture(
    scope="module",
    params=[(1, None), (2, None), (2, 5.0)],
    ids=["PaliGemma", "PaliGemma2", "PaliGemma2-capped"],
)
def folder(checkpoint: Callable[..., Path], request: pytest.FixtureRequest) -> Path:
    """Checkpoints of both generations, and of the second one with a soft-cap that has an effect."""
    generation, cap = request.param
    return checkpoint(generation, **({} if generation == 1 else {"attn_logit_softcapping": cap}))


@pytest.fixture(scope="module")
def reference(folder: Path, engine: Callable[..., Any]) -> ReferenceEngine:
    loaded: ReferenceEngine = engine(folder, batch_size=16)
    return loaded


@pytest.fixture(scope="module")
def fast(folder: Path, engine: Callable[..., Any]) -> Mapping[int, FastEngine]:
    """Engines by batch size."""
    return {size: engine(folder, batch_size=size, kind="fast") for size in (1, 2, 5)}


Block = list[tuple[int, list[tuple[str, int]]]]  # images, and the prompts and limits of each


@pytest.fixture(scope="module")
def expected(reference: ReferenceEngine) -> Callable[[Block], list[list[Generation]]]:
    """Returns the reference's answers; it generates one to each text about each image."""
    answers = reference.generate(block_of(*TEXTS, limit=LIMIT))
    known = [dict(zip(TEXTS, row, strict=True)) for row in answers]
    vocabulary = reference._loaded.vocabulary

    def up_to(limit: int, answer: Generation) -> Generation:
        if len(answer.tokens) < limit:  # an end token follows
            return answer
        ids, _, logprobs = zip(*answer.tokens[:limit], strict=True)
        return vocabulary.generation(ids, logprobs)

    def expected(block: Block) -> list[list[Generation]]:
        return [[up_to(limit, known[n][text]) for text, limit in prompts] for n, prompts in block]

    return expected


def block_of(*prompts: str, limit: int = 12) -> list[Request]:
    """All prompts about all images."""
    return [Request((image,), tuple((prompt, limit) for prompt in prompts)) for image in IMAGES]


blocks = st.lists(
    st.tuples(
        st.integers(0, len(IMAGES) - 1),
        st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(1, LIMIT)), max_size=4),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=16, derandomize=True)
@given(block=blocks, size=st.sampled_from([1, 2, 5]), steps=st.sampled_from([1, 3]))
def test_tokens_are_those_of_the_reference(  # noqa: PLR0917
    expected: Callable[[Block], list[list[Generation]]],
    fast: Mapping[int, FastEngine],
    folder: Path,
    exact: Exact,
    block: Block,
    size: int,
    steps: int,
) -> None:
    requests = [Request((IMAGES[image],), tuple(prompts)) for image, prompts in block]
    engine = fast[size]
    if engine._buckets.steps != steps:
        engine._buckets = CPU_BUCKETS._replace(steps=steps)
        engine._decode_state = None  # its loop was built with the other buckets
    assert_same(requests, engine.generate(requests), expected(block), exact(folder))


def test_answers_differ_and_some_end_early(fast: Mapping[int, FastEngine]) -> None:
    """Otherwise the comparison above would show little."""
    answers = [answer for row in fast[5].generate(block_of(*PROMPTS, limit=40)) for answer in row]
    assert len({answer.text for answer in answers}) > len(answers) / 2
    assert {answer.finish_reason for answer in answers} == {"stop", "length"}
    assert len({len(answer.tokens) for answer in answers}) > 5


def test_the_same_block_twice_is_the_same_to_the_bit(fast: Mapping[int, FastEngine]) -> None:
    """The slots may still hold another block."""
    first = fast[2].generate(block_of(*PROMPTS))
    fast[2].generate(block_of("ocr", "a prompt that is longer than the others", limit=30))
    again = fast[2].generate(block_of(*PROMPTS))
    assert numbers(again) == numbers(first)
    assert again == first


def numbers(answers: Sequence[Sequence[Generation]]) -> dict[tuple[int, int], list[Any]]:
    """Tokens and log-probabilities by image and prompt: unlike a Generation, pytest shows them."""
    return {
        (image, prompt): [(token.id, token.logprob) for token in generation.tokens]
        for image, row in enumerate(answers)
        for prompt, generation in enumerate(row)
    }


def test_the_vision_tower_sees_each_image_once(
    fast: Mapping[int, FastEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, sizes = fast[2], []
    vision = engine._vision_tower

    def counted(pixel_values: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixel_values))
        return vision(pixel_values)

    monkeypatch.setattr(engine, "_vision_tower", counted)
    engine.generate(block_of(*PROMPTS, limit=3))
    assert sizes == [2, 2, 1]


def test_nothing_asked(fast: Mapping[int, FastEngine]) -> None:
    assert fast[2].generate([]) == []
    assert fast[2].generate([Request((IMAGES[0],), ())]) == [()]


@pytest.mark.parametrize(("most", "oom_retries"), [(4, 0), (3, 1), (1, 2)])
def test_where_memory_runs_out_a_block_is_run_again_in_halves(  # noqa: PLR0917
    checkpoint: Callable[..., Path],
    engine: Callable[..., FastEngine],
    exact: Exact,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    oom_retries: int,
) -> None:
    short, block = engine(checkpoint(2), batch_size=4, kind="fast"), block_of("ocr", "caption en")
    whole = short.generate(block)
    vision = short._vision_tower

    def fits(pixel_values: torch.Tensor) -> torch.Tensor:
        if len(pixel_values) > most:
            raise torch.OutOfMemoryError
        return vision(pixel_values)

    monkeypatch.setattr(short, "_vision_tower", fits)
    assert_same(block, short.generate(block), whole, exact(checkpoint(2)))
    assert short.oom_retries == oom_retries


def test_answers_of_a_model_that_overflows_are_not_believed(
    checkpoint: Callable[..., Path], engine: Callable[..., FastEngine]
) -> None:
    overflowing = engine(checkpoint(1), kind="fast")
    with torch.no_grad():
        overflowing._loaded.model.lm_head.weight.fill_(math.nan)
    with pytest.raises(WorkerFault, match="not finite"):
        overflowing.generate(block_of("ocr"))


def test_faults_tell_their_type_and_nothing_of_the_data(
    checkpoint: Callable[..., Path],
    engine: Callable[..., FastEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sick = engine(checkpoint(1), kind="fast")
    monkeypatch.setattr(sick._language_model, "_head", torch.zeros(7, 3))
    with pytest.raises(WorkerFault) as caught:
        sick.generate(block_of("a secret"))
    assert str(caught.value) == "the engine failed: RuntimeError"


@pytest.mark.parametrize("error", [FailOnRecompileLimitHit, TorchDynamoException])
def test_what_cannot_be_compiled_says_what_to_change(
    checkpoint: Callable[..., Path],
    engine: Callable[..., FastEngine],
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sick = engine(checkpoint(1), kind="fast")

    def fails(*_: Any) -> Any:
        raise error("a secret")

    monkeypatch.setattr(sick, "_compute", fails)
    monkeypatch.setattr(sick, "_compiling", compiling)
    expected = rf"could not be compiled .*\({error.__name__}\): set model.compile: false"
    with pytest.raises(WorkerFault, match=expected) as caught:
        sick.generate(block_of("ocr"))
    assert caught.value.__suppress_context__


def test_an_error_during_an_out_of_memory_does_not_hide_it(
    checkpoint: Callable[..., Path],
    engine: Callable[..., FastEngine],
    exact: Exact,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ending a capture can fail after the captured work ran out of memory."""
    short = engine(checkpoint(2), batch_size=4, kind="fast")
    whole = short.generate(block_of("ocr"))
    compute = short._compute

    def fits(block: Sequence[Request], size: int) -> Any:
        if size == 4:
            try:
                raise torch.OutOfMemoryError
            finally:
                raise RuntimeError("capture_end")
        return compute(block, size)

    monkeypatch.setattr(short, "_compute", fits)
    again = short.generate(block_of("ocr"))
    assert_same(block_of("ocr"), again, whole, exact(checkpoint(2)))
    assert short.oom_retries == 1


@pytest.mark.parametrize(("precision", "unit"), [("bfloat16", 2**-8), ("float16", 2**-11)])
def test_errors_in_other_precisions_grow_with_the_rounding_error(  # noqa: PLR0917
    checkpoint: Callable[..., Path],
    engine: Callable[..., Any],
    exact: Exact,
    generation: int,
    precision: str,
    unit: float,
) -> None:
    """The errors may also be smaller, because products are summed in float32."""
    folder, block = checkpoint(generation), block_of(*PROMPTS, limit=1)
    low, full = (
        engine(folder, precision=each, kind="fast", batch_size=5).generate(block)
        for each in (precision, "float32")
    )
    grown = unit / 2**-24 * median_error(block, full, exact(folder))
    assert median_error(block, low, exact(folder)) < grown


def test_an_out_of_memory_while_compiling_is_one(
    checkpoint: Callable[..., Path],
    engine: Callable[..., FastEngine],
    exact: Exact,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The compiler tries kernels, and wraps their errors."""
    short = engine(checkpoint(2), batch_size=2, kind="fast")
    whole = short.generate(block_of("ocr"))
    compute = short._compute

    def fits(block: Sequence[Request], size: int) -> Any:
        if size == 1:
            return compute(block, size)
        try:
            raise torch.OutOfMemoryError
        except torch.OutOfMemoryError as error:
            raise TorchDynamoException("of the backend") from error

    monkeypatch.setattr(short, "_compute", fits)
    monkeypatch.setattr(short, "_compiling", compiling)
    assert_same(block_of("ocr"), short.generate(block_of("ocr")), whole, exact(checkpoint(2)))
    assert short.oom_retries == 1


@pytest.mark.faults  # traces every kernel, which takes 20 s
def test_traced_by_the_compiler_it_answers_alike(
    checkpoint: Callable[..., Path], engine: Callable[..., FastEngine], exact: Exact
) -> None:
    """As on a GPU, except for graphs: a warm-up first, then rows and columns in large buckets.

    test_kernels.py compares the generated code; here, every call must fit the traced graphs.
    """
    folder = checkpoint(2, attn_logit_softcapping=5.0)
    plain, traced = (engine(folder, batch_size=3, kind="fast") for _ in "ab")
    traced._language_model = LanguageModel(traced.model, traced_for_cpu())
    traced._compiling, traced._buckets = compiling, GPU_BUCKETS._replace(rows=4)
    traced._warm_up()
    block = block_of(*PROMPTS, limit=20)
    assert_same(block, traced.generate(block), plain.generate(block), exact(folder))


def test_weights_are_not_held_twice(fast: Mapping[int, FastEngine]) -> None:
    engine = fast[5]
    layer = engine._loaded.model.model.language_model.layers[0]
    fused = engine._language_model._layers[0]._gate_up.weight
    assert layer.mlp.up_proj.weight.untyped_storage().data_ptr() == (
        fused.untyped_storage().data_ptr()
    )


def test_the_demo_checkpoint_answers_as_by_the_reference(
    engine: Callable[..., Any], exact: Exact
) -> None:
    drawn = (draw_scene(2027, index) for index in itertools.count())
    scenes = list(itertools.islice((each for each in drawn if each.kind in LEARNED_KINDS), 16))
    block = []
    for index, scene in enumerate(scenes):
        sample = Sample(
            "", index, {"question": Text(scene.question)}, b"", scene.width, scene.height
        )
        prompts = [
            (str(FAMILIES["paligemma"].task_prompt(task, sample)), task.max_new_tokens)
            for task in tasks(scene, index).values()
        ]
        block.append(Request((model_image(scene.image, 128),), tuple(prompts)))
    answers, expected = (
        engine(DEMO, kind=kind, batch_size=32, threads=2).generate(block)
        for kind in ("fast", "reference")
    )
    assert_same(block, answers, expected, exact(DEMO))
