"""Measures the captions per second of each rule filter for texts, and of all in a row.

    python -m benchmarks.filters.text_filters [--captions 20000]

The captions are generated from a seed: about 15 words, like alt texts on the web. A tenth have
product numbers, some have an e-mail address, an accent, another language or script. They are judged
on one core in chunks of 64, as in the pass, and hardly any text occurs twice. Prints the best of
three rounds in CPU time; nothing is asserted.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Annotated, BinaryIO, cast

import typer
from pydantic import TypeAdapter

from filters import AnyFilter, TextFilter
from filters.text_analysis.language_detection import detect_language
from schemas.resources import Resources
from schemas.sample import Text

KINDS = ("text_quality", "text_safety_rules", "toxicity_rules", "personal_data")
_CHUNK = 64  # samples, as in pipelines.annotation.preprocessing
_ROUNDS = 3

_OPENINGS = ("", "A photo of", "Close up of", "Vintage", "The", "Beautiful", "New", "Stock image:")
_ADJECTIVES = (
    "red", "small", "wooden", "modern", "white", "old", "large", "elegant", "colourful", "dark",
    "classic", "handmade", "leather", "glass", "floral", "striped", "sunny", "rustic", "black",
)  # fmt: skip
_NOUNS = (
    "house", "car", "dog", "kitchen", "bridge", "dress", "shoes", "mountain", "beach", "table",
    "flower", "garden", "cake", "guitar", "bicycle", "woman", "man", "child", "street", "window",
    "jacket", "lamp", "bottle", "horse", "forest", "city", "river", "cocktail", "grass", "class",
    "passenger", "assassin", "sunset", "wedding", "portrait", "bag", "watch", "phone", "chair",
)  # fmt: skip
_LINKS = (
    "in front of the", "with a", "on the", "and", "near the", "for", "under the", "from", "by the",
    "at the", "of", "beside a", "", "in",
)  # fmt: skip
_ENDINGS = (
    "", ", 2019", " - free shipping", " | Home & Living", ", size 42", " (set of 3)", ", 1080p",
    " HD wallpaper", " by Anna Bell", " stock photo", ", model WX-2041B", ", 12 x 18 cm",
)  # fmt: skip
_FOREIGN = (
    "Ein rotes Auto vor einem alten Haus in der Nähe des Waldes, mit einem großen Garten dahinter",
    "Una mujer con un paraguas camina bajo la lluvia por una calle antigua de la ciudad en otoño",
    "Deux chiens jouent sur la plage au coucher du soleil, près d'une vieille maison à louer",
    "Красная машина стоит перед старым домом на берегу реки, рядом растут высокие деревья",
    "停在房子前面的红色汽车和一个拿着雨伞的女人，背景是山和湖",
    "家の前に停まっている赤い車と、傘を持って歩いている女性の写真",
)


def caption(random_: random.Random) -> str:
    """One caption of about 15 words."""
    if random_.random() < 0.05:
        return f"{random_.choice(_FOREIGN)} {random_.randrange(10**6)}"
    words = [random_.choice(_OPENINGS)]
    while sum(phrase.count(" ") + 1 for phrase in words) < 13:
        words += [random_.choice(_ADJECTIVES), random_.choice(_NOUNS), random_.choice(_LINKS)]
    text = " ".join(filter(None, words)) + random_.choice(_ENDINGS)
    chance = random_.random()
    if chance < 0.02:
        text += f", contact sales{random_.randrange(100)}@example.com"
    elif chance < 0.12:
        text += f" {random_.randrange(10**7)}"
    elif chance < 0.17:
        text = text.replace("dress", "décor").replace("house", "café") + " – “new”"
    return text


def main(captions: Annotated[int, typer.Option(help="Number of captions.")] = 20_000) -> None:
    """Time each filter, then all filters, then language detection alone."""
    random_ = random.Random(1)
    texts = [caption(random_) for _ in range(captions * _ROUNDS)]
    words = sum(len(text.split()) for text in texts) / len(texts)
    length = sum(map(len, texts)) / len(texts)
    print(f"{captions} captions of {words:.1f} words, {length:.0f} characters")
    rounds = [texts[start : start + captions] for start in range(0, len(texts), captions)]
    schema = json.dumps(TypeAdapter(AnyFilter).json_schema())
    judges = {kind: _judge(kind) for kind in KINDS if f'"{kind}"' in schema}
    for kind, judge in judges.items():
        _report(kind, [judge], rounds)
    _report("all of them", list(judges.values()), rounds)
    _report(
        "(detect_language)", [lambda chunk: [detect_language(text.value) for text in chunk]], rounds
    )


def _judge(kind: str) -> Callable[[Sequence[Text]], object]:
    stage = TypeAdapter[TextFilter](AnyFilter).validate_python({"kind": kind})
    return stage.load(Resources(cast("Callable[[str], BinaryIO]", open))).judge


def _report(
    name: str, judges: Sequence[Callable[[Sequence[Text]], object]], rounds: Sequence[list[str]]
) -> None:
    best = float("inf")
    for texts in rounds:
        chunks = [
            [Text(text) for text in texts[at : at + _CHUNK]] for at in range(0, len(texts), _CHUNK)
        ]
        started = time.process_time()
        for chunk in chunks:
            for judge in judges:
                judge(chunk)
        best = min(best, (time.process_time() - started) / len(texts))
    print(f"{name:<20} {1 / best:>9,.0f} captions/s {best * 1e6:>7.1f} microseconds each")


if __name__ == "__main__":
    typer.run(main)
