"""The terms that `text_safety_rules` and `toxicity_rules` look for.

The lists are as short as a working filter allows, and in plain text: people judged by them should
be able to read them. The weight of a term says how much it means by itself:

- 0.9: hardly ever has another meaning; enough to drop a text,
- 0.6: mostly has this meaning; the text is quarantined for a person to look at,
- 0.3: is as often harmless; counts only together with other terms or with a target.

Words for what people are (their origin, faith, body, love) are no terms, even where other lists
have them.
"""
