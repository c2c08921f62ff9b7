"""Parts shared by the text filters: normalization, languages, terms, spans and redaction."""
