"""Pages with samples, on which a person accepts or rejects them, or only looks at them."""

from pipelines.review.page import write_review_page, write_view_page
from pipelines.review.sample import Drawn, PictureBox, ReviewSample

__all__ = ["Drawn", "PictureBox", "ReviewSample", "write_review_page", "write_view_page"]
