"""A real browser on the dashboard: starting both, and finding the way around."""

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from app.dashboard.start import streamlit_arguments
from pipelines.settings import load_settings

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Mobile Safari/537.36"
)
HEADER, ROW = 33, 33  # pixels of a table drawn on a canvas
PAGES = (
    "Overview", "Costs", "Teams", "Forecasts", "Anomalies", "Recommendations", "Commitments",
    "Instances", "Plans",
)  # fmt: skip


@contextmanager
def chromium() -> Generator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The dashboard on a free port, as `instance-select serve` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = streamlit_arguments(load_settings(home), port)
    url = f"http://127.0.0.1:{port}"
    log = (home / "dashboard.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", *arguments], stdout=log, stderr=log
    )
    try:
        wait_until_healthy(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def wait_until_healthy(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(240):
        assert server.poll() is None, "the dashboard ended; see dashboard.log in the home"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"{url} did not answer within a minute")


def opened(
    browser: Browser, address: str, *, scheme: Any = "light", phone: bool = False
) -> tuple[Page, list[str]]:
    """A new visitor on the overview, and everything that went wrong in their browser."""
    size: Any = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
    device: Any = {"user_agent": PHONE, "is_mobile": True, "has_touch": True} if phone else {}
    context = browser.new_context(viewport=size, color_scheme=scheme, **device)
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda line: trouble.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))

    def watch(request: Any) -> None:
        if not re.match(rf"({re.escape(address)}|data:|blob:)", request.url):
            trouble.append(f"request to {request.url}")

    page.on("request", watch)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
    return page, trouble


def go_to(page: Page, name: str) -> None:
    show_menu = page.get_by_test_id("stExpandSidebarButton")
    if show_menu.is_visible():  # on a phone the menu goes away after each choice
        show_menu.click()
        expect(show_menu).to_be_hidden()
        page.wait_for_timeout(400)  # it slides in
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name, timeout=30_000)


def be(page: Page, name: str) -> None:
    """Choose who is deciding."""
    box = page.get_by_role("combobox", name="You are")
    box.click()
    box.fill(name)
    box.press("Enter")
    settled(page)


def tick(table: Locator, row: int) -> None:
    """Select a row of a table, which is drawn on a canvas."""
    box = table.bounding_box()
    assert box is not None
    table.page.mouse.click(box["x"] + 16, box["y"] + HEADER + ROW * (row + 0.5))


def closed(page: Page) -> None:
    """Close the dialog, not a message that may be there, too."""
    page.get_by_test_id("stDialog").get_by_role("button", name="Close").click()


def settled(page: Page) -> None:
    """Wait until the script has run and nothing on the page is left from before."""
    page.wait_for_function(
        "() => document.querySelector('[data-test-script-state=notRunning]')"
        " && !document.querySelector('[data-stale=true]')",
        timeout=60_000,
    )
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(400)
