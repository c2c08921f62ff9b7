"""What the rules of text_safety and toxicity look for.

The lists are kept as short as a working filter allows, and plainly readable: whoever is judged by
them should be able to see them. Every term has a weight that says how much it tells by itself:

- 0.9: hardly ever anything else; enough to drop a text,
- 0.6: mostly that; a person is to look,
- 0.3: as often something harmless; counts only together with others or when aimed at someone.

Words for what people are (their origin, faith, body, love) are no terms, whoever else lists them.
"""
