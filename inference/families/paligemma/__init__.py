"""PaliGemma and PaliGemma 2: loading, prompts, answers, and the layers of the fast engine."""
