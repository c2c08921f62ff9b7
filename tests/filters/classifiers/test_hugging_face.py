"""Probabilities do not depend on the batch; models that cannot be loaded give a short error."""

import shutil
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.small_classifiers import ATTRIBUTES, LONGEST
from transformers import BertForSequenceClassification, BertModel, RobertaConfig
from transformers import RobertaForSequenceClassification as Roberta

from filters.classifiers import hugging_face
from filters.classifiers.hugging_face import ImageClassifier, TextClassifier, TokenClassifier
from schemas.errors import JobError
from schemas.resources import Resources

TEXTS = ["oaf", "a red star", "", "a star " * 30, "dung under the moon", "in old star's moon " * 9]
LABELS = list(ATTRIBUTES)


@pytest.fixture
def texts(text_model: Path, resources: Resources) -> TextClassifier:
    return TextClassifier(text_model, resources, 512, independent=True)


def test_scores_do_not_depend_on_the_batch_to_the_bit(
    texts: TextClassifier, placards: Path, resources: Resources
) -> None:
    alone = [texts.judge([text])[0] for text in TEXTS]
    for together in (texts.judge(TEXTS), texts.judge(TEXTS[::-1])[::-1]):
        assert all(map(np.array_equal, alone, together))
    images = ImageClassifier(placards, resources, independent=False)
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (side, 40, 3), np.uint8) for side in (20, 40, 90, 33)]
    lone = [images.judge([frame])[0] for frame in frames]
    assert all(map(np.array_equal, lone, images.judge(frames)))


def in_float64(classifier: Any) -> Any:
    """Make the model compute in float64; the classifier rounds its scores to float32 at the end."""

    def widened(_: Any, __: Any, inputs: dict[str, torch.Tensor]) -> Any:
        wide = {name: v.double() if v.is_floating_point() else v for name, v in inputs.items()}
        return (), wide

    classifier._model.double().register_forward_pre_hook(widened, with_kwargs=True)
    return classifier


def test_batches_as_on_a_gpu_give_the_same_scores(
    text_model: Path,
    token_model: Path,
    placards: Path,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def judged() -> list[list[np.ndarray]]:
        frames = [np.full((9 + side, 9, 3), 20 * side, np.uint8) for side in range(7)]
        texts = in_float64(TextClassifier(text_model, resources, 512, independent=True))
        tokens = in_float64(TokenClassifier(token_model, resources, 512)).judge(TEXTS)
        images = in_float64(ImageClassifier(placards, resources, independent=False))
        return [
            texts.judge(TEXTS),
            [window.probabilities for windows in tokens for window in windows],
            [np.array(window.spans) for windows in tokens for window in windows],
            images.judge(frames),
        ]

    alone = judged()
    monkeypatch.setattr(hugging_face, "_BATCH_SIZES", {"cpu": 4})
    together = judged()
    for one, other in zip(alone, together, strict=True):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert np.allclose(left, right, rtol=0, atol=2**-24)


def test_windows_cover_a_long_text_and_overlap(token_model: Path, resources: Resources) -> None:
    text = " ".join(["star"] * 100)
    (windows,) = TokenClassifier(token_model, resources, 512).judge([text])
    spans = [window.spans for window in windows]
    assert {len(each) for each in spans[:-1]} == {LONGEST - 2}
    assert {span for each in spans for span in each} == {(5 * n, 5 * n + 4) for n in range(100)}
    assert all(len(set(one) & set(other)) == LONGEST // 4 for one, other in pairwise(spans))


def test_windows_may_be_shorter_than_the_model_takes(
    text_model: Path, resources: Resources
) -> None:
    classifier = TextClassifier(text_model, resources, 16, independent=True)
    (probabilities,) = classifier.judge(["star " * 40])
    assert len(probabilities) == 4  # 14 words each, 4 of them shared
    assert probabilities.shape == (4, len(LABELS))


def test_roberta_has_fewer_positions_than_its_configuration_says(
    text_model: Path, resources: Resources, tmp_path: Path
) -> None:
    config = RobertaConfig(
        vocab_size=64,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=18,
        pad_token_id=1,
    )
    shutil.copytree(text_model, tmp_path, dirs_exist_ok=True)
    Roberta(config).save_pretrained(tmp_path)
    (probabilities,) = TextClassifier(tmp_path, resources, 512, independent=False).judge(
        ["star " * 40]
    )
    assert len(probabilities) == 4  # of 16 tokens


def test_two_threads_may_judge_at_once(texts: TextClassifier) -> None:
    alone = [texts.judge([text])[0] for text in TEXTS]
    wrong: list[int] = []

    def judge() -> None:
        for _ in range(20):
            together = texts.judge(TEXTS)
            wrong.extend(not np.array_equal(a, b) for a, b in zip(alone, together, strict=True))

    threads = [threading.Thread(target=judge) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 2 * 20 * len(TEXTS)
    assert not any(wrong)


def test_a_model_without_a_head_is_refused(
    text_model: Path, resources: Resources, tmp_path: Path
) -> None:
    shutil.copytree(text_model, tmp_path, dirs_exist_ok=True)
    BertModel.from_pretrained(text_model).save_pretrained(tmp_path)
    with pytest.raises(JobError, match=r"model: weights are missing in .*: take a classifier"):
        TextClassifier(tmp_path, resources, 512, independent=True)


def test_a_model_of_another_kind_is_refused(text_model: Path, resources: Resources) -> None:
    with pytest.raises(JobError, match=r"^model: .* cannot be loaded: .*BertConfig") as caught:
        ImageClassifier(text_model, resources, independent=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["tokenizer.json", "model.safetensors"])
def test_an_incomplete_folder_is_refused(
    text_model: Path, resources: Resources, changed: Callable[..., Path], missing: str
) -> None:
    folder = changed(text_model)
    (folder / missing).unlink()
    with pytest.raises(JobError, match=r"^model: "):
        TextClassifier(folder, resources, 512, independent=True)


def test_damaged_weights_are_refused(
    text_model: Path, resources: Resources, changed: Callable[..., Path]
) -> None:
    folder = changed(text_model)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(JobError, match=r"^model: .* cannot be loaded"):
        TextClassifier(folder, resources, 512, independent=True)


def test_code_beside_the_weights_is_never_run(
    text_model: Path, resources: Resources, changed: Callable[..., Path], tmp_path: Path
) -> None:
    own = {"AutoConfig": "own.Own", "AutoModelForSequenceClassification": "own.Own"}
    folder = changed(text_model, auto_map=own, model_type="own")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    with pytest.raises(JobError, match=r"^model: .* cannot be loaded"):
        TextClassifier(folder, resources, 512, independent=True)
    assert not (tmp_path / "ran").exists()


def test_weights_that_are_nan_give_nan(
    text_model: Path, resources: Resources, tmp_path: Path
) -> None:
    shutil.copytree(text_model, tmp_path, dirs_exist_ok=True)
    model = BertForSequenceClassification.from_pretrained(text_model)
    with torch.no_grad():
        model.classifier.bias[0] = torch.nan
    model.save_pretrained(tmp_path)
    (probabilities,) = TextClassifier(tmp_path, resources, 512, independent=True).judge(["a star"])
    assert np.isnan(probabilities[:, 0]).all()
    assert np.isfinite(probabilities[:, 1:]).all()
