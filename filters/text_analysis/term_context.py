"""Classify the words around a matched term: its target, and whether it is used or mentioned."""

import re
from collections.abc import Sequence

from filters.text_analysis.context_rule import ContextRule
from filters.text_analysis.term_matcher import TermMatch

_WINDOW = 48  # characters of context on either side


_FILLERS = (
    r"(?:(?:a|an|the|such|so|really|just|very|fucking|freaking|absolute|complete|total|utter|"
    r"stupid|dumb|ugly|little|pathetic|disgusting|worthless|bunch of|all|nothing but|biggest|most|"
    r"full of|goddamn|damn|lousy|dirty|filthy|fat|old|un|una|uno|um|uma|ein|eine|einen|so ein|une|"
    r"muy|tan|tão|muito|très|vraiment|trop|echt|richtig|nur|proprio|tutti|todos|unos|просто|такой|"
    r"такая|полный|полная|все) ){0,5}"
)
_ADDRESS_BEFORE = ContextRule(
    re.compile(
        r"(?:(?:\byou|\byou're|\byou are|\byou were|\bur|\bu r|\bu are|\byoure|\byour mother is|"
        r"\bshut up you|\beres|\bsois|\bdu bist|\bihr seid|\bdu|\btu es|\bt'es|\bvous êtes|"
        r"\bespèce de|\bespèce d'|\bvocê é|\bvocês são|\btu és|\bsei|\bsiete|\bты|\bвы),? "
        + _FILLERS
        + r"|(?:你们?|妳)(?:真|就|是|这|这个|真是|个|就是|都是|一个|这种){0,3}\s?"
        r"|(?:お前|おまえ|てめえ|てめぇ|あんた|貴様|きさま)(?:は|って|ら|ほんと|本当に|この|、){0,3}\s?)$"
    ),
    examples=(
        " you are a ",
        " you're such a stupid ",
        " du bist ein ",
        " eres un ",
        " ты просто ",
        " 你是",
        "お前は",
    ),
    counterexamples=(
        " he is a ",
        " a young ",
        " you are not a ",
    ),
)
_ADDRESS_AFTER = ContextRule(
    re.compile(r"^,?(?: like you| you are|ども)\b"),
    examples=(
        " like you ",
        " you are ",
        "ども ",
    ),
    counterexamples=(
        " like youth ",
        " he likes you ",
    ),
)
# A demeaning adjective directly before an insult: the insult is meant for someone.
_ADJECTIVE_BEFORE = ContextRule(
    re.compile(
        r"\b(?:stupid|dumb|pathetic|worthless|disgusting|ugly|fucking|absolute|complete|total|"
        r"utter) $"
    ),
    examples=(
        " a stupid ",
        " the absolute ",
    ),
    counterexamples=(
        " a red ",
        " stupid and ",
    ),
)
_PERSONS = frozenset(
    ("idiot", "idiots", "moron", "morons", "imbecile", "imbeciles", "dumbass", "loser", "losers"),
).union(
    ("retard", "retards", "asshole", "assholes", "bastard", "bastards", "jerk", "dimwit", "scum"),
    ("dipshit", "coward", "cowards", "fucker", "fuckers", "motherfucker", "shithead", "dickhead"),
)
# Reported speech: don't say you are ..., whoever told you that you are ...
_REPORTED = ContextRule(
    re.compile(
        r"\b(?:say|says|said|saying|think|thinks|thought|tells?|told|telling|calls?|called|calling|"
        r"believe|feel|means?|that|if)(?: (?:that|me|him|her|them|us|you|someone|anyone|somebody|"
        r"people|is|are)){0,2} $"
    ),
    examples=(
        " he said that ",
        " they told me ",
        " whoever calls you ",
        " if ",
    ),
    counterexamples=(
        " he said hello, ",
        " well, ",
    ),
)
_MENTIONED_BEFORE = ContextRule(
    re.compile(
        r"\b(?:word|words|term|terms|slur|slurs),? ['\"“«]?$"
        r"|\b(?:call|calls|called|calling)(?: \w+){1,3}? (?:a|an) ['\"“«]?$"
        r"|\b(?:call|calls|called|calling) (?:\w+ )?['\"“«]?$"
        r"|\b(?:yelled|yell|shouted|screamed|hissed|sprayed|scrawled|chanted|muttered)"
        r"(?: \w+){0,2} ['\"“«]?$"
        r"|\b(?:don't|do not|never|stop|shouldn't|should not|can't|cannot) (?:say|use|call|saying|"
        r"using|calling)(?: \w+){0,3} ['\"“«]?$"
    ),
    examples=(
        " the word ",
        ' the slur "',
        " he called her a ",
        " never say ",
        " they yelled ",
        " don't use the ",
    ),
    counterexamples=(
        " a red ",
        " in words of red ",
    ),
)
_MENTIONED_AFTER = ContextRule(
    re.compile(r"^['\"”»]? (?:is|are) (?:a |an )?(?:slur|offensive|wrong|hate|racist)"),
    examples=(
        " is a slur ",
        " are offensive ",
        '" is wrong ',
    ),
    counterexamples=(
        " is red ",
        " was here ",
    ),
)
_RECLAIMED_BEFORE = ContextRule(
    re.compile(
        r"\b(?:i am|i'm|im|we are|we're|as|proud|proudly|my fellow|us|fellow)"
        r"(?: (?:a|an|the|this|proud|big|old|one|two|just|such|happy|black|queer|gay)){0,3} $"
    ),
    examples=(
        " i am a proud ",
        " we are ",
        " my fellow ",
        " proud ",
    ),
    counterexamples=(
        " he is a ",
        " i am not a ",
    ),
)
_QUOTES = "'\"“”«»‘「『"
_FIRST_PERSON = ContextRule(
    re.compile(
        r"\b(?:i|we)(?:'ll| will|'m going to| am going to|'m gonna| am gonna| gonna| wanna|"
        r" want to|"
        r" swear i will| should| would love to|'re going to| are going to)(?: \w+){0,3} $"
    ),
    examples=(
        " i will ",
        " we're going to ",
        " i wanna just ",
    ),
    counterexamples=(
        " he will ",
        " i did ",
    ),
)

_NEGATED = ContextRule(
    re.compile(
        r"\b(?:not|no|never|don't|doesn't|didn't|won't|wrong|saying|say|says|claim|claims|myth|"
        r"stereotype|why)\b"
    ),
    examples=(
        " do not ",
        " the myth that ",
        " why ",
    ),
    counterexamples=(
        " a note ",
        " nothing ",
    ),
)

# Words near which a term names an animal.
_ANIMALS = ContextRule(
    re.compile(
        r"\b(?:pupp(?:y|ies)|pups?|litter|kennels?|breeders?|pedigree|terriers?|hounds?|collies?|"
        r"spaniels?|retrievers?|labradors?|dog "
        "(?:show|club)|roosters?|hens?|poultry|farm(?:s|yard)?|"
        r"barn|coop|crow(?:s|ed|ing)?|pheasants?|feathers|donkeys?|mules?|foals?|meadow|kittens?|"
        r"whiskers|willows?|nest(?:s|ing|box)?|feeders?|birds?|coconut|seeds?|gallinas?|patos?|laguna|"
        r"estanque|gallos?|corral|aves|humedal|polluelos?|barco|mástil)\b"
    ),
    examples=(
        " nursing her puppies ",
        " crows at the farm ",
        " y patos en la laguna ",
    ),
    counterexamples=(
        " sits on his lap ",
        " farmer's wife ",
        " chicks and babes ",
    ),
)
_ANIMAL_TERMS = frozenset(
    ("bitch", "bitches", "cock", "cocks", "pussy", "ass", "tits", "polla", "pollas"),
).union(
    ("big cock", "big cocks", "big black cock"),
)
_OF_PERSONS = frozenset(("vulgar", "sexual", "suggestive", "hint", "act", "insult", "slur"))

CONTEXT_RULES = {
    "animals": _ANIMALS,
    "address_before": _ADDRESS_BEFORE,
    "address_after": _ADDRESS_AFTER,
    "adjective_before": _ADJECTIVE_BEFORE,
    "reported": _REPORTED,
    "mentioned_before": _MENTIONED_BEFORE,
    "mentioned_after": _MENTIONED_AFTER,
    "reclaimed_before": _RECLAIMED_BEFORE,
    "first_person": _FIRST_PERSON,
    "negated": _NEGATED,
}


def targets_person(match: TermMatch) -> bool:
    """Return whether an insult addresses someone, outside of reported speech."""
    if _ADDRESS_AFTER.regex.match(match.after(_WINDOW)):
        return True
    address = _ADDRESS_BEFORE.regex.search(match.before(_WINDOW))
    return address is not None and not _REPORTED.regex.search(
        match.before(_WINDOW)[: address.start()]
    )


def is_intensified(match: TermMatch) -> bool:
    """Return whether an insult for persons follows directly on a demeaning adjective."""
    return match.term.text in _PERSONS and bool(
        _ADJECTIVE_BEFORE.regex.search(match.before(_WINDOW))
    )


def is_mentioned(match: TermMatch) -> bool:
    """Return whether a slur is quoted, spoken about, or used by writers for themselves."""
    before, after = match.before(_WINDOW), match.after(_WINDOW)
    quoted = before[-1:] in _QUOTES and after[:1] in _QUOTES
    return bool(
        quoted
        or _MENTIONED_BEFORE.regex.search(before)
        or _MENTIONED_AFTER.regex.match(after)
        or _RECLAIMED_BEFORE.regex.search(before)
    )


def without_animals(matches: Sequence[TermMatch]) -> Sequence[TermMatch]:
    """Leave out a vulgar word that names animals, unless the text has another such word."""
    of_persons = [match for match in matches if match.term.kind in _OF_PERSONS]
    longest = max((match.term.text for match in of_persons), key=len, default="")
    if not all(each.term.text in longest and _names_animal(each) for each in of_persons):
        return matches
    return [match for match in matches if match.term.kind not in _OF_PERSONS]


def _names_animal(match: TermMatch) -> bool:
    if match.term.text not in _ANIMAL_TERMS or targets_person(match) or is_intensified(match):
        return False
    before, after = match.before(_WINDOW), match.after(_WINDOW)
    return bool(_ANIMALS.regex.search(before) or _ANIMALS.regex.search(after))


def is_first_person(match: TermMatch) -> bool:
    """Return whether the writer announces the threatened act ("I will ...")."""
    return bool(_FIRST_PERSON.regex.search(match.before(_WINDOW)))


def is_negated(match: TermMatch) -> bool:
    """Return whether words before the term negate it or attribute it to others."""
    return bool(_NEGATED.regex.search(match.before(_WINDOW)))
