"""The page of a report in a real browser: nothing refused, nothing that axe-core finds wrong."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import hostile_shards
from support.browser import HAS_BROWSER, KEYS, Browser, open_browser
from support.command_line import call

from demo.scenes import scenes

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not HAS_BROWSER, reason="needs chromium and chromedriver"),
]
ROOT = Path(__file__).parents[3]
SIZES = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]
HEIGHT = 900  # pixels
FOCUSED = "return document.activeElement.textContent"
WIDTH = "return document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with reports on the demo's job, with a failed shard, and on a hostile shard."""
    folder = tmp_path_factory.mktemp("reports")
    scenes.write_shards(folder / "shards", shards=2, samples=24, seed=3)
    last = folder / "shards/00001.tar"
    last.write_bytes(last.read_bytes()[:300_000])
    (folder / "hostile").mkdir()
    (folder / "hostile/hostile.tar").write_bytes(hostile_shards.tar()[0])
    limits = ", ".join(f"{name}: {value}" for name, value in hostile_shards.LIMITS.items())
    (folder / "hostile.yaml").write_text(
        f"name: hostile\ninput: {{shards: hostile/*.tar, limits: {{{limits}}}}}\n"
        "filters: [{kind: text_quality}]\noutput: hostile-output\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "demo").symlink_to(ROOT / "demo")
        job = ["run", "demo/job.yaml", "--quiet", "--output", "output"]
        call(*job, "--set", "input.shards=shards/*.tar", code=3)
        judge = ["evaluate", "output", "--task", "caption"]
        call(*judge, "--truth", "source_text", "--metrics", "rouge_l,cer", "--by", "height")
        shutil.copytree("output", "other")
        call(*judge, "--against", "other", "--name", "changed")
        call(*judge, "--safety", "toxicity_rules", "--by", "width")
        call("report", "output", "--samples", 6, "--price", "2.50USD/h")
        call("run", "hostile.yaml", "--quiet")
        call("report", "hostile-output", "--to", "hostile.html")
    return folder


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with open_browser(tmp_path) as browser:
        yield browser
        assert browser.console() == []  # no error, and nothing that the policy refused


@pytest.mark.parametrize("page", ["report.html", "hostile.html"])
def test_nobody_is_kept_out(page: str, home: Path, browser: Browser) -> None:
    browser.open(home / page)
    for width, color_scheme in SIZES:
        browser.show_as(width, HEIGHT, color_scheme)
        assert browser.run(WIDTH) <= width
        assert browser.accessibility_problems() == []


def test_the_page_shows_the_demo(home: Path, browser: Browser) -> None:
    browser.open(home / "report.html")
    headings = browser.run("return [...document.querySelectorAll('h2')].map((e) => e.innerText)")
    assert headings[:3] == ["Samples", "Shards that failed", "Filters"]
    assert "Evaluations" in headings
    section = browser.text("#evaluations")
    assert "against the references in source_text" in section
    assert "toxicity_rules" in section
    assert "USD" in browser.text("#runs")
    shown = "return [...document.images].filter((e) => e.naturalWidth > 0 && e.alt).length"
    assert browser.run(shown) == browser.run("return document.images.length") > 0
    charts = "return document.querySelectorAll('svg.histogram rect.kept').length"
    assert browser.run(charts) > 20
    assert browser.run("return document.querySelectorAll('table:not(:has(caption))').length") == 0


def test_the_keyboard_reaches_the_numbers(home: Path, browser: Browser) -> None:
    browser.open(home / "report.html")
    browser.press(KEYS["tab"])
    assert browser.run(FOCUSED) == "Skip to the numbers"
    browser.press(KEYS["enter"])
    browser.until(lambda: str(browser.run("return location.hash")) == "#overview")


def test_everything_is_printed(home: Path, browser: Browser) -> None:
    browser.open(home / "report.html")
    assert browser.prints() > 2
