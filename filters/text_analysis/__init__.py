"""What the text filters share: normalization, languages, terms, spans and redaction."""
