"""Rule-based recognizers of personal data; `table.py` lists all of them."""
