"""Names the placeholders that replace the entities of Presidio's recognizers."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator

from schemas.errors import JobError
from schemas.known_names import known_names

# Presidio's entities that are infotypes of the rules under another name. Passports of all countries
# are added to them.
_PLACEHOLDERS: Mapping[str, str] = {
    "CREDIT_CARD": "CREDIT_CARD_NUMBER",
    "PERSON": "PERSON_NAME",
    "US_DRIVER_LICENSE": "US_DRIVERS_LICENSE_NUMBER",
    "US_ITIN": "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER",
    "US_SSN": "US_SOCIAL_SECURITY_NUMBER",
}
_NAME = re.compile("[A-Z][A-Z0-9_]*")


def _as_placeholder(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a placeholder is capitals, digits and '_', such as PERSON_NAME")
    return name


Placeholder = Annotated[str, AfterValidator(_as_placeholder)]


def placeholders_of(entities: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Return entity -> placeholder; `own` are the job's, and replace the standard ones.

    Raises JobError if `own` names an entity that no recognizer finds, or if an entity without a
    placeholder of its own is not written as one.
    """
    if unknown := next((each for each in own if each not in entities), None):
        raise JobError(
            f"placeholders: no recognizer finds {unknown!r}: take some of "
            f"{known_names(unknown, entities)}"
        )
    names = {entity: own.get(entity) or _standard(entity) for entity in entities}
    if wrong := next((each for each, name in names.items() if not _NAME.fullmatch(name)), None):
        raise JobError(
            f"recognizers_file: the entity {wrong!r} is no placeholder, which is capitals, "
            "digits and '_': rename it, or name a placeholder for it in `placeholders`"
        )
    return names


def _standard(entity: str) -> str:
    return _PLACEHOLDERS.get(entity, "PASSPORT" if entity.endswith("_PASSPORT") else entity)
