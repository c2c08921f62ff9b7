"""ROUGE-L: the longest common subsequence of a caption and a reference."""

from typing import cast

from pipelines.evaluation.metrics.caption_tokens import caption_tokens
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
            common = longest_common_subsequence(words, tokens)
            precision = max(precision, common / len(words))
            recall = max(recall, common / len(tokens))
        if not precision or not recall:
            return 0.0
        return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def longest_common_subsequence(left: list[str], right: list[str]) -> int:
    """Return the length of the longest common subsequence.

    Each bit of a number is a place of `left` (Allison and Dix, 1986; Hyyrö, 2004).
    """
    places: dict[str, int] = {}
    for place, word in enumerate(left):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(left)) - 1
    open_places = full
    for word in right:
        matches = open_places & places.get(word, 0)
        open_places = ((open_places + matches) | (open_places - matches)) & full
    return len(left) - open_places.bit_count()
