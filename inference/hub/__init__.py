"""Finds and pins models and adapters, in folders or on the Hugging Face hub."""
