"""A headless Chromium that tests drive over the WebDriver protocol, without a library."""

import base64
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
from support.ray_head import kill_process_tree

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
HAS_BROWSER = CHROMIUM is not None and DRIVER is not None
_NEXT_MOMENT = "setTimeout(arguments[0], 50)"
_IS_LOADED = "return !window.isEarlier && document.readyState === 'complete'"
_AXE = """
const done = arguments[0];
axe.run({ resultTypes: ["violations"] }).then(
  (found) => done(found.violations.map((each) => `${each.id}: ${each.nodes[0].html}`)),
  (error) => done([String(error)]),
);
"""
KEYS = {"left": "\ue012", "right": "\ue014", "tab": "\ue004", "enter": "\ue007"}
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


class Browser:
    """A browser with one tab; its files are downloaded into `downloads`."""

    def __init__(self, port: int, downloads: Path, profile: Path) -> None:
        self.downloads = downloads
        self._driver = f"http://127.0.0.1:{port}/session"
        options = {
            "binary": CHROMIUM,
            "args": [*_ARGUMENTS, f"--user-data-dir={profile}"],
            "prefs": {"download.default_directory": str(downloads)},
        }
        wanted = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 1_500_000},  # milliseconds: axe takes long on a busy machine
        }
        session = self._call("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self._driver += f"/{session['sessionId']}"

    def open(self, page: Path) -> None:
        """Load a page; if it is shown already, load it again.

        On a busy machine, the driver returned before a page that was shown was loaded again.
        """
        self.run("window.isEarlier = true")
        self._call("POST", "/url", {"url": page.as_uri()})
        self.until(lambda: bool(self.run(_IS_LOADED)))

    def run(self, script: str, *arguments: object) -> Any:
        """Run JavaScript in the page, and return what it returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector: str) -> str:
        """Return the text of the first element that a CSS selector finds, as it is shown."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def press(self, keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._call("POST", "/actions", {"actions": [source]})

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the browser work until a condition holds; fail after thousands of looks."""
        for _ in range(3000):
            if condition():
                return
            self._call("POST", "/execute/async", {"script": _NEXT_MOMENT, "args": []})
        raise AssertionError("the browser did not get there")

    def downloaded(self, name: str) -> Path:
        """Wait for a download, and return its file, which is not empty.

        Chromium reserves the name with an empty file, and moves the whole one there at the end.
        """
        file = self.downloads / name
        self.until(lambda: file.exists() and file.stat().st_size > 0)
        return file

    def console(self) -> list[str]:
        """Return the messages of the console since the last call: errors, refused contents."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})]

    def accessibility_problems(self) -> list[str]:
        """Return what axe-core finds wrong with the page, each with the first element."""
        self.run((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
        script = {"script": _AXE, "args": []}
        return [str(each) for each in self._call("POST", "/execute/async", script)]

    def show_as(self, width: int, height: int, color_scheme: str) -> None:
        """Show the page in a size in pixels, and in the color scheme `light` or `dark`."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._devtools("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": color_scheme}
        self._devtools("Emulation.setEmulatedMedia", {"features": [feature]})

    def prints(self) -> int:
        """Print the page, and return the number of its sheets of paper."""
        content = base64.b64decode(self._call("POST", "/print", {}))
        return len(re.findall(rb"/Type\s*/Page\b", content))

    def screenshot(self) -> bytes:
        """Return what is shown, as a PNG."""
        return base64.b64decode(self._devtools("Page.captureScreenshot", {})["data"])

    def close(self) -> None:
        self._call("DELETE", "")

    def _devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._driver}{path}", content, method=method)
        try:
            with urllib.request.urlopen(request, timeout=1600) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None


@contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """Start a browser whose profile and downloads lie in the folder."""
    assert DRIVER is not None
    downloads = folder / "downloads"
    downloads.mkdir()
    with subprocess.Popen(
        [DRIVER, "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as driver:
        try:
            assert driver.stdout is not None
            ports = (re.search(r"started successfully on port (\d+)", s) for s in driver.stdout)
            port = next(int(found[1]) for found in ports if found)
            browser = Browser(port, downloads, folder / "profile")
            try:
                yield browser
            finally:
                browser.close()
        finally:
            kill_process_tree(psutil.Process(driver.pid))  # and the browser, if it did not close
