"""ROUGE-L: the longest common subsequence of a caption and a reference."""

from typing import cast

from pipelines.evaluation.metrics.caption_tokens import caption_tokens
from pipelines.evaluation.metrics.edit_distance import common_subsequence
from pipelines.evaluation.metrics.metric import MeanMetric

_BETA = 1.2  # the weight of recall


class RougeL(MeanMetric):
    """ROUGE-L as coco-caption computes it (Lin, 2004): best precision and best recall, beta 1.2."""

    name = "rouge_l"
    results = ("rouge_l",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        words = caption_tokens(cast(str, prediction)) or [""]  # as coco-caption splits it
        precision = recall = 0.0
        for text in references:
            tokens = caption_tokens(cast(str, text)) or [""]
            common = common_subsequence(words, tokens)
            precision = max(precision, common / len(words))
            recall = max(recall, common / len(tokens))
        if not precision or not recall:
            return 0.0
        return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)
