"""A person decides 1,000 samples by keyboard in a real browser, and the next job honours it."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.browser import HAS_BROWSER, KEYS, Browser, open_browser
from support.command_line import call
from support.sample_data import jpeg, write_shard

from pipelines.planning.decisions import Decisions, read_decisions
from pipelines.storage.resolve import STORAGE

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not HAS_BROWSER, reason="needs chromium and chromedriver"),
]
SAMPLES = 1000
HOSTILE = "odd </script><script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
JOB = """\
name: test
input: {shards: "shards/*.tar"}
filters: [{kind: words, path: words.txt, action: quarantine}]
output: output
"""
NEXT = JOB.replace("output: output", "output: next\nfilters_from: output\ndecisions: {}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an output, and the page with its quarantined samples."""
    folder = tmp_path_factory.mktemp("review")
    (folder / "words.txt").write_text("odd\n")
    (folder / "job.yaml").write_text(JOB)
    members = []
    for index in range(SAMPLES):
        members += [(f"{index:04}.jpg", jpeg(64, 48, index % 7))]
        members += [(f"{index:04}.txt", f"{HOSTILE} {index}".encode())]
    members += [("kept.jpg", jpeg(64, 48)), ("kept.txt", b"a fine picture")]
    write_shard(folder / "shards/a.tar", members)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call("run", "job.yaml", "--quiet")
        call("review", "output")
    return folder


@pytest.fixture
def browser(home: Path, tmp_path: Path) -> Iterator[Browser]:
    with open_browser(tmp_path) as browser:
        browser.open(home / "review.html")
        yield browser
        assert browser.console() == []  # no error, and nothing that the policy refused
        assert browser.run("return document.title") == "test: quarantined samples"


def downloaded(browser: Browser) -> Decisions:
    """Press the key that downloads, and read the file as the next job does."""
    browser.press("d")
    return read_decisions(str(browser.downloaded("decisions.csv")), STORAGE)


def count(decisions: Decisions) -> tuple[int, int]:
    accepted = sum(each.accepted for each in decisions.samples.values())
    return accepted, len(decisions.samples) - accepted


def statuses(folder: Path) -> list[str]:
    rows = pq.read_table(folder / "a.parquet", columns=["index", "status"]).sort_by("index")
    return [str(each) for each in rows["status"].to_pylist()]


def test_all_samples_are_decided_by_keyboard_and_the_next_job_honours_it(
    browser: Browser, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert browser.text("#heading") == "Sample 1 of 1,000"
    assert browser.text(".text") == f"{HOSTILE} 0"
    browser.press("ar" * (SAMPLES // 2))
    assert browser.text("#counts") == "500 accepted, 500 rejected, 0 undecided"
    assert "All samples are decided" in browser.text("#announcement")
    decisions = downloaded(browser)
    assert count(decisions) == (500, 500)
    monkeypatch.chdir(home)
    Path("next.yaml").write_text(NEXT.replace("{}", decisions.path))
    call("run", "next.yaml", "--quiet")
    call("run", "next.yaml", "--quiet", "--output", "again")
    assert statuses(Path("next")) == [*["kept", "dropped"] * (SAMPLES // 2), "kept"]
    assert Path("next/a.parquet").read_bytes() == Path("again/a.parquet").read_bytes()


def test_decisions_can_be_undone_skipped_and_found_again(browser: Browser, home: Path) -> None:
    browser.press(f"ar{KEYS['right']}a{KEYS['left']}{KEYS['left']}")
    assert browser.text("#heading") == "Sample 3 of 1,000"
    assert browser.text("#decision") == "undecided"
    browser.press("uu")  # the last acceptance, then the rejection
    assert browser.text("#heading") == "Sample 2 of 1,000"
    assert browser.text("#announcement").startswith("Undone. Sample 2 of 1,000, undecided")
    assert browser.text("#counts") == "1 accepted, 0 rejected, 999 undecided"
    browser.press(f"r{KEYS['left']}{KEYS['left']}{KEYS['left']}n")
    assert browser.text("#heading") == "Sample 3 of 1,000"
    browser.open(home / "review.html")  # the browser has kept the decisions
    assert browser.text("#counts") == "1 accepted, 1 rejected, 998 undecided"
    assert count(downloaded(browser)) == (1, 1)


def test_the_page_is_usable_with_the_tabulator_and_a_reader(browser: Browser) -> None:
    focused = "const e = document.activeElement; return e.id || e.className"
    order = []
    for _ in range(12):
        browser.press(KEYS["tab"])
        order.append(browser.run(focused))
    assert order[:4] == ["download", "number", "text", ""]  # "": the scores
    assert order[4:6] == ["accept", "reject"]
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    browser.run("document.getElementById('accept').focus()")
    browser.press(KEYS["tab"])
    assert browser.run(outline) == "solid"
    browser.press(KEYS["enter"])  # on the button that rejects
    assert browser.text("#counts") == "0 accepted, 1 rejected, 999 undecided"
    browser.run("document.getElementById('number').select()")
    browser.press(f"900{KEYS['enter']}")
    assert browser.text("#heading") == "Sample 900 of 1,000"
    unnamed = """return [...document.querySelectorAll("button, input, img, [tabindex='0']")]
        .filter((e) => !(e.innerText || e.alt || e.ariaLabel || e.labels?.length))
        .map((e) => e.outerHTML)"""
    assert browser.run(unnamed) == []


@pytest.mark.parametrize(
    ("key", "code", "accepted"), [("\u0444", "KeyA", 1), ("q", "KeyA", 0), ("A", "KeyQ", 1)]
)
def test_keys_count_by_letter_or_where_there_is_none_by_place(
    browser: Browser, key: str, code: str, accepted: int
) -> None:
    pressed = "document.body.dispatchEvent(new KeyboardEvent('keydown', arguments[0]))"
    browser.run(pressed, {"key": key, "code": code, "bubbles": True})
    assert browser.text("#counts").startswith(f"{accepted} accepted")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits_its_window_and_can_be_read(
    browser: Browser, width: int, scheme: str
) -> None:
    browser.show_as(width, 800, scheme)
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
    low = browser.run(_LOW_CONTRAST)
    assert low == []
    assert browser.accessibility_problems() == []


_LOW_CONTRAST = """
const parts = (color) => color.match(/[\\d.]+/g).map(Number);
const luminance = (color) => {
  const [r, g, b] = parts(color).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (e) => {
  for (; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if (parts(color)[3] !== 0) return color;
  }
};
// The text of these elements has less contrast than WCAG's level AA asks, 4.5:1.
return [...document.querySelectorAll("h1, h2, p, dt, dd, .text, .name, button, input, #decision")]
  .filter((e) => e.checkVisibility() && !e.disabled && !e.classList.contains("unseen"))
  .filter((e) => {
    const [a, b] = [getComputedStyle(e).color, behind(e)].map(luminance).sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  })
  .map((e) => e.id || e.className || e.tagName);
"""
