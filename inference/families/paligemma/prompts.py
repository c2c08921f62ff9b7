"""Words prompts in the form that PaliGemma's checkpoints were trained with.

Source: big_vision at 0127fb6, configs/proj/paligemma/ and its README; the model cards.
"""

from inference.tasks.intents import (
    AnswerQuestion,
    AskQuestion,
    DescribeImage,
    Intent,
    LocateObjects,
    RawPrompt,
    ReadText,
)

_CAPTIONS = {"short": "caption", "alt_text": "cap", "long": "describe"}


def prompt(intent: Intent) -> str:
    """Return the prompt for an intent, without `<image>` and without the newline at its end."""
    match intent:
        case DescribeImage(style, language):
            return f"{_CAPTIONS[style]} {language}"
        case ReadText():
            return "ocr"
        case AnswerQuestion(question, language):
            return f"answer {language} {question}"
        case AskQuestion(answer, language):
            return f"question {language} {answer}"
        case LocateObjects(labels, masks):
            return f"{'segment' if masks else 'detect'} {' ; '.join(labels)}"
        case RawPrompt(text):
            return text
