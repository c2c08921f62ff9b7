"""Rows, plans and summaries shown to people: terminal tables and contact sheets."""
