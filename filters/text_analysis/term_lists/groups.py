"""Words for groups of people, and words of attacks on groups: signs that phrase rules may match.

None of these words scores anything by itself: see filters/text_analysis/group_attacks.py.
"""

from filters.text_analysis.phrase_rules.attacks import ATTACKS
from filters.text_analysis.phrase_rules.slots import GROUP_SIGNS
from filters.text_analysis.phrase_rules.slots_of_languages import GROUP_SIGNS_IN_LANGUAGES
from filters.text_analysis.term_lists.term import Term

TERMS = (
    *(Term(text, "group", 0.0, "any") for text in (*GROUP_SIGNS, *GROUP_SIGNS_IN_LANGUAGES)),
    *(
        Term(text, "attack", 0.0, "any")
        for text in sorted(frozenset().union(*(rule.anchor_words for rule in ATTACKS)))
    ),
)
