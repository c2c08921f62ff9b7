"""Measures the errors and the speed of the language detection on captions of our own making.

    python -m benchmarks.filters.languages [--captions 500] [--show]

Captions of supported languages are lost if the rule filters take them for unsupported; captions of
unsupported languages pass if the filters judge them. A caption is named wrongly if the detected
language is another one, and stays unnamed if the language is uncertain. `--show` prints the errors.
The speed is measured on the generated captions, in CPU time.
"""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from benchmarks.filters.language_captions import LENGTHS, Caption, generated, written
from filters.text_analysis.language_detection import detect_language, is_supported
from filters.text_analysis.language_tables import SUPPORTED_LANGUAGES
from schemas.sample import Text


def main(
    captions: Annotated[
        int, typer.Option(help="Generated captions of each length in each language.")
    ] = 500,
    show: Annotated[bool, typer.Option(help="Print the captions with errors.")] = False,
) -> None:
    """Print one table for each kind of captions, then the captions per second."""
    for title, kind in (
        ("hand-written, half that thresholds were chosen by", written("tuned")),
        ("hand-written, held out", written("held out")),
        (f"generated, {captions} of each", generated(captions)),
    ):
        print(f"\n## {title}\n")
        _print_errors(kind, show)
    texts = list(dict.fromkeys(caption.text for caption in generated(captions, seed=1)))
    detect_language(texts[0])
    started = time.process_time()
    for text in texts:
        detect_language(text)
    print(f"\n{len(texts) / (time.process_time() - started):,.0f} captions/s on one core")


def _print_errors(captions: Iterable[Caption], show: bool) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    for language, length, text in captions:
        expected = language in SUPPORTED_LANGUAGES
        found = detect_language(text)
        errors = {
            "judged wrongly": is_supported(Text(text), SUPPORTED_LANGUAGES) != expected,
            "named wrongly": found not in ("", language.partition("-")[0]),
            "unnamed": not found,
        }
        for error in ("all", *(name for name, holds in errors.items() if holds)):
            counts[language, length, error] += 1
        if show and (errors["judged wrongly"] or errors["named wrongly"]):
            print(f"{language} {found or '?'}: {text}")
    languages = dict.fromkeys(language for language, _, _ in counts)
    print("| language | length | captions | lost, or passed | named wrongly | unnamed |")
    print("|---|---|---|---|---|---|")
    for language in sorted(languages, key=lambda code: (code not in SUPPORTED_LANGUAGES, code)):
        for length in LENGTHS:
            if number := counts[language, length, "all"]:
                shares = [
                    f"{counts[language, length, error] / number:.1%}"
                    for error in ("judged wrongly", "named wrongly", "unnamed")
                ]
                print(f"| {language} | {length} | {number} | {' | '.join(shares)} |")
    supported = [key for key in counts if key[0] in SUPPORTED_LANGUAGES]
    lost, number = (
        sum(counts[key] for key in supported if key[2] == error)
        for error in ("judged wrongly", "all")
    )
    print(f"\nSupported languages: {lost} of {number:,} lost ({lost / number:.3%}).")


if __name__ == "__main__":
    typer.run(main)
