"""The examples beside the patterns of the words around a term."""

import pytest

from filters.text_analysis.term_context import CONTEXT_RULES, ContextRule


@pytest.mark.parametrize("rule", CONTEXT_RULES.values(), ids=list(CONTEXT_RULES))
def test_examples(rule: ContextRule) -> None:
    assert rule.examples
    assert rule.counterexamples
    assert not [text for text in rule.examples if not rule.regex.search(text)]
    assert not [text for text in rule.counterexamples if rule.regex.search(text)]
