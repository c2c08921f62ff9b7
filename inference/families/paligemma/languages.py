"""The languages that PaliGemma answers in."""

# COCO-35L's codes, which name Hebrew `he`, then Quechua, which Crossmodal-3600 adds:
# big_vision at 0127fb6, configs/proj/paligemma/transfers/coco35l.py.
CODES = (
    *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr"),
    *("he", "hi", "hr", "hu", "id", "it", "ja", "ko", "mi", "nl", "no", "pl"),
    *("pt", "ro", "ru", "sv", "sw", "te", "th", "tr", "uk", "vi", "zh", "quz"),
)
