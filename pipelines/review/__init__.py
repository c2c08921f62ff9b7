"""The page on which a person accepts or rejects samples, and which writes a file of decisions."""

from pipelines.review.page import write_review_page
from pipelines.review.sample import Drawn, ReviewSample

__all__ = ["Drawn", "ReviewSample", "write_review_page"]
