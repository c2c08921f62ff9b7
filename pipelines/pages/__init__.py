"""What all HTML pages share: the head and its policy, colors, escaping, and whole files."""

from pipelines.pages.page_file import page_file
from pipelines.pages.template import load_template, picture_url, read_part

__all__ = ["load_template", "page_file", "picture_url", "read_part"]
