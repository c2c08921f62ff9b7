"""Words prompts in the form that PaliGemma's checkpoints were trained with.

Source: big_vision at 0127fb6, configs/proj/paligemma/ and its README; the model cards.
"""

from inference.families.paligemma import locations
from inference.tasks.detections import Detection
from inference.tasks.intents import (
    REGION,
    AnswerQuestion,
    AskQuestion,
    DescribeImage,
    DescribeRegion,
    Intent,
    LocateObjects,
    RawPrompt,
    ReadText,
    Region,
)
from inference.tasks.prompt_text import SEPARATOR

_CAPTIONS = {"short": "caption", "alt_text": "cap", "long": "describe"}


def prompt(intent: Intent) -> str:
    """Return the prompt for an intent, without `<image>` and without the newline at its end."""
    match intent:
        case DescribeImage(style, language):
            words = f"{_CAPTIONS[style]} {language}"
        case DescribeRegion(region):
            words = f"caption {_written(region)}"
        case ReadText():
            words = "ocr"
        case AnswerQuestion(question, language, choices):
            options = " \t ".join(choices)
            words = f"answer {language} {question}" + f" choose from: {options}" * bool(choices)
        case AskQuestion(answer, language):
            words = f"question {language} {answer}"
        case LocateObjects(labels, masks):
            words = f"{'segment' if masks else 'detect'} {SEPARATOR.join(labels)}"
        case RawPrompt(text, region):
            words = text if region is None else text.replace(REGION, _written(region))
    return words


def _written(region: Region) -> str:
    """Write a region as four location tokens."""
    return locations.write([Detection("", region.box)], region.width, region.height)
