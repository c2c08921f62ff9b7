"""The examples beside the patterns of the words around a term."""

import pytest

from filters.text_analysis.context_rule import ContextRule
from filters.text_analysis.factual_context import FACTUAL_RULES
from filters.text_analysis.term_context import CONTEXT_RULES

RULES = CONTEXT_RULES | FACTUAL_RULES


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_examples(rule: ContextRule) -> None:
    assert rule.examples
    assert rule.counterexamples
    assert not [text for text in rule.examples if not rule.regex.search(text)]
    assert not [text for text in rule.counterexamples if rule.regex.search(text)]
