"""A page on which nothing is decided, in a real browser: boxes lie over the picture."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser import HAS_BROWSER, Browser, open_browser
from support.sample_data import encoded, picture

from pipelines.review import PictureBox, ReviewSample, write_view_page

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not HAS_BROWSER, reason="needs chromium and chromedriver"),
]
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    boxes = (
        PictureBox("reference", "dog", 0.25, 0.5, 0.75, 1),
        PictureBox("answer", HOSTILE, 0, 0, 0.5, 0.5),
    )
    texts = {"answer of the model": HOSTILE}
    samples = [
        ReviewSample(
            "0.tar",
            index,
            "0" * 64,
            "kept",
            texts=texts,
            picture=encoded(picture(400, 200), "WEBP"),
            boxes=boxes if index == 0 else (),
            summary=f"box_f1: {index}",
        )
        for index in range(2)
    ]
    page = tmp_path / "page.html"
    write_view_page(page, samples, title="title", explanation="The worst is first.")
    with open_browser(tmp_path) as browser:
        browser.open(page)
        yield browser
        assert browser.console() == []  # no error, and nothing that the policy refused


def test_boxes_lie_over_the_picture(browser: Browser) -> None:
    browser.until(lambda: browser.run("return document.getElementById('picture').naturalWidth > 0"))
    shares = browser.run(
        "const whole = document.getElementById('picture').getBoundingClientRect();"
        "return [...document.querySelectorAll('#boxes > div')].map((each) => {"
        "const box = each.getBoundingClientRect();"
        "return [(box.left - whole.left) / whole.width, (box.top - whole.top) / whole.height,"
        "box.width / whole.width, box.height / whole.height];});"
    )
    assert isinstance(shares, list)
    for found, expected in zip(shares, ([0.25, 0.5, 0.5, 0.5], [0, 0, 0.5, 0.5]), strict=True):
        assert found == pytest.approx(expected, abs=0.01)
    labels = "return [...document.querySelectorAll('#boxes span')].map(each => each.innerText)"
    assert browser.run(labels) == ["dog", HOSTILE]
    assert browser.text("#verdict") == "box_f1: 0"


def test_nothing_can_be_decided(browser: Browser) -> None:
    for key in "ardun":
        browser.press(key)
    assert browser.text("#verdict") == "box_f1: 0"
    assert [*browser.downloads.iterdir()] == []
    shown = browser.run(
        "return [...document.querySelectorAll('button')].filter(e => e.offsetParent).map(e => e.id)"
    )
    assert shown == ["previous", "next", "blur", "plain"]
    browser.press("h")
    hidden = "return getComputedStyle(document.getElementById('boxes')).display"
    assert browser.run(hidden) == "none"
    browser.run("document.getElementById('next').click()")
    assert browser.text("#verdict") == "box_f1: 1"
    assert browser.run("return localStorage.length") == 0
