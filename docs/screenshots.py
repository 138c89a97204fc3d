"""Take the pictures of the README: `.venv/bin/python docs/screenshots.py`, with Chromium installed.

It runs the demo and walks through it, so the pictures show what everybody sees.
"""  # noqa: INP001 - a program, not a package

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PORTS = ("--signet-port", "18000", "--app-port", "18001", "--api-port", "18002")
DESKTOP = {"width": 1000, "height": 660}
WIDE = {"width": 1160, "height": 780}
PHONE = {"width": 390, "height": 780}


@contextmanager
def demo() -> Iterator[dict[str, str]]:
    """Run the demo; give what it announces, by its labels."""
    command = [sys.executable, ROOT / "examples" / "demo.py", *PORTS]
    with subprocess.Popen(  # noqa: S603 - our own program, no shell
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            text = ""
            while "Ctrl-C stops" not in text:
                line = process.stdout.readline() if process.stdout else ""
                if not line:
                    sys.exit("the demo did not start")
                text += line
            yield dict(re.findall(r"^ {4}([A-Z][A-Za-z ]+?) {2,}(\S+)$", text, re.MULTILINE))
        finally:
            process.send_signal(signal.SIGTERM)
            # Read to the end: the demo says good-bye.
            process.communicate()


def press(page: Page, button: str) -> None:
    """Press a button or follow a link, and wait for the page it leads to."""
    with page.expect_navigation():
        page.click(button)


def take(page: Page, name: str) -> None:
    """Save what is in sight."""
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")


def sign_in(page: Page, said: dict[str, str]) -> None:
    """Fill in the sign-in page."""
    page.fill("#username", said["User name"])
    page.fill("#password", said["Password"])
    press(page, "#login-submit")


def desktop(browser: Browser, said: dict[str, str]) -> None:
    """Walk through the demo in light colours."""
    page = browser.new_context(viewport=DESKTOP, locale="en-GB").new_page()
    page.goto(said["Sample app"])
    press(page, "#sign-in")
    take(page, "login")
    sign_in(page, said)
    page.locator("main section").screenshot(path=IMAGES / "consent.png")
    press(page, "#consent-allow")
    page.fill("#text", "A heron, at dawn.")
    press(page, "#note-write")
    press(page, "#note-list")
    page.set_viewport_size(WIDE)
    page.goto(said["Sample app"])
    take(page, "demo-app")
    page.set_viewport_size(DESKTOP)
    page.goto(said["Console"])
    take(page, "console")


def others(browser: Browser, said: dict[str, str]) -> None:
    """Show the account in the dark, and the sign-in page on a phone."""
    dark = browser.new_context(viewport=DESKTOP, locale="en-GB", color_scheme="dark").new_page()
    dark.goto(said["Account"])
    sign_in(dark, said)
    take(dark, "account-dark")
    phone = browser.new_context(viewport=PHONE, locale="de-DE", is_mobile=True).new_page()
    phone.goto(said["Sample app"])
    press(phone, "#sign-in")
    take(phone, "login-phone")


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with demo() as said, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"],
        )
        desktop(browser, said)
        others(browser, said)
        browser.close()


if __name__ == "__main__":
    main()
