"""The page of `shardmill report`: one HTML file that loads nothing."""

from pipelines.display.report_page.page import write_report_page

__all__ = ["write_report_page"]
