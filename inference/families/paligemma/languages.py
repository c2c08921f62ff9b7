"""The languages that PaliGemma answers in."""

from typing import Annotated

from pydantic import AfterValidator

# COCO-35L's codes, which name Hebrew `he`, then Quechua, which Crossmodal-3600 adds:
# big_vision at 0127fb6, configs/proj/paligemma/transfers/coco35l.py.
CODES = (
    *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr"),
    *("he", "hi", "hr", "hu", "id", "it", "ja", "ko", "mi", "nl", "no", "pl"),
    *("pt", "ro", "ru", "sv", "sw", "te", "th", "tr", "uk", "vi", "zh", "quz"),
)


def _known(code: str) -> str:
    if code not in CODES:
        raise ValueError(f"{code!r} is not one of PaliGemma's languages: {' '.join(CODES)}")
    return code


Language = Annotated[str, AfterValidator(_known)]
