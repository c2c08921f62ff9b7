"""Where weights come from, and PaliGemma as transformers loads it."""
