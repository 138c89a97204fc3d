"""A person at a real browser: headless Chromium, watched while it works.

A :class:`Window` notes what no page of ours may do: an error on the console, a breach of the content
security policy, a request to a host that is neither ours nor the application's.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, sync_playwright

from tests.support.requirements import NODE_PACKAGES, chromium

ARTIFACTS_VARIABLE = "SIGNET_TEST_ARTIFACTS"
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
_DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {**_DESKTOP, "color_scheme": "light"},
    "dark": {**_DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "plain": {**_DESKTOP, "java_script_enabled": False},
}
# Criteria a machine can judge, up to WCAG 2.2 AA. Without preload: axe would fetch style sheets by script.
_AXE = """async () => {
  const levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const found = await axe.run(document, {runOnly: levels, preload: false});
  return found.violations.map((each) =>
    `${each.id}: ${each.help}: ${each.nodes.map((node) => node.html).join(" | ")}`);
}"""


_running: list[Browser] = []


@contextmanager
def chromium_running() -> Iterator[Browser]:
    """Run Debian's Chromium, without a window; inside another such block, share the one that runs.

    A process has one Playwright at a time.
    """
    if _running:
        yield _running[0]
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        _running.append(browser)
        try:
            yield browser
        finally:
            _running.clear()
            browser.close()


class Window:
    """One person's browser window, with cookies of its own."""

    def __init__(self, page: Page, *, origins: Iterable[str]) -> None:
        self.page = page
        self._origins = frozenset(origins)
        self._refused: set[str] = set()
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("response", self._answered)
        page.on("request", lambda request: self._left_for(request.url))

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} {response.url}")
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused.add(response.url)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        # Chromium reports a page that is itself a refusal; the test looks at that page anyway.
        if message.location.get("url") in self._refused and "status of 4" in message.text:
            return
        self.complaints.append(f"{message.type}: {message.text}")

    def _left_for(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" not in self._origins:
            self.complaints.append(f"request to {url}")

    def assert_clean(self) -> None:
        assert not self.complaints, "\n".join(self.complaints)

    def go(self, url: str) -> Response | None:
        return self.page.goto(url)

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def by_id(self, name: str) -> Locator:
        return self.page.locator(f"#{name}")

    def press(self, name: str) -> None:
        """Press the button or follow the link with the id ``name``, and wait for where it leads."""
        with self.page.expect_navigation():
            self.by_id(name).click()

    def sign_in(self, username: str, password: str) -> None:
        self.by_id("username").fill(username)
        self.by_id("password").fill(password)
        self.press("login-submit")

    def photograph(self, name: str) -> None:
        """Keep a picture of the page, where the run has a place for pictures."""
        if folder := os.environ.get(ARTIFACTS_VARIABLE):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def assert_accessible(self) -> None:
        """Let axe judge the page; it needs script."""
        script = NODE_PACKAGES / "axe-core" / "axe.min.js"
        self.page.evaluate(script.read_text("utf-8"))
        violations = self.page.evaluate(_AXE)
        assert not violations, f"{self.page.url}\n" + "\n".join(violations)

    def assert_fits(self) -> None:
        """The page is not wider than the window."""
        wider = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, f"{self.page.url} is {wider} px wider than the window"


@contextmanager
def window(browser: Browser, look: str, *, origins: Iterable[str]) -> Iterator[Window]:
    """Open a window of its own; when it is closed in peace, nothing may have been noted."""
    context = browser.new_context(locale="en-GB", **LOOKS[look])
    context.set_default_timeout(10_000)
    try:
        opened = Window(context.new_page(), origins=origins)
        yield opened
        opened.assert_clean()
    finally:
        context.close()
