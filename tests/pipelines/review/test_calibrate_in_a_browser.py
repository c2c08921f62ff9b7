"""A person decides a drawn sample in a real browser, and `calibrate` reads the file as it is."""

import json
from pathlib import Path

import pytest
from support.browser import HAS_BROWSER, open_browser
from support.command_line import call
from support.sample_data import jpeg, write_shard

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not HAS_BROWSER, reason="needs chromium and chromedriver"),
]
SAMPLES, DRAWN = 120, 40
TEXTS = ("a calm sea under a gray sky", "a damn good picture of a dog", "an idiot on a bicycle")
JOB = """\
name: test
input: {shards: "shards/*.tar"}
filters: [{kind: toxicity_rules, quarantine_at: 0.3, on_indeterminate: keep}]
output: output
"""
ASKED = ("calibrate", "output", "--filter", "toxicity_rules", "--score", "insult")


def test_a_drawn_sample_is_decided_by_keyboard_and_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("job.yaml").write_text(JOB)
    members = []
    for index in range(SAMPLES):
        members += [(f"{index:03}.jpg", jpeg(64, 48, index % 7))]
        members += [(f"{index:03}.txt", f"{TEXTS[index % len(TEXTS)]}, {index}".encode())]
    write_shard(tmp_path / "shards/a.tar", members)
    call("run", "job.yaml", "--quiet")
    call(*ASKED, "--to", "page.html", "--sample", str(DRAWN))
    rejected = 0
    with open_browser(tmp_path) as browser:
        browser.open(tmp_path / "page.html")
        assert browser.text("#heading") == f"Sample 1 of {DRAWN}"
        for _ in range(DRAWN):
            is_bad = "idiot" in browser.text(".text")
            rejected += is_bad
            browser.press("r" if is_bad else "a")
        assert 0 < rejected < DRAWN
        counts = f"{DRAWN - rejected} accepted, {rejected} rejected, 0 undecided"
        assert browser.text("#counts") == counts
        width = "return document.getElementById('picture').naturalWidth"
        browser.until(lambda: browser.run(width) == 64)
        browser.press("d")
        file = browser.downloaded("decisions.csv")
        assert browser.console() == []  # no error, and nothing that the policy refused
    result = json.loads(call(*ASKED, "--decisions", str(file), "--json").stdout)
    assert (result["accepted"], result["rejected"]) == (DRAWN - rejected, rejected)
    assert (result["undecided"], result["without_decision"], result["changed"]) == (0, 0, 0)
