"""The whole way in a real browser: from the overview to a change that was applied and put back."""

import json
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, PAGES, be, chromium, closed, go_to, opened, served, settled, tick
from playwright.sync_api import Browser, expect

from actions.audit import verify
from actions.ledger import open_ledger
from actions.plan import plans
from actions.run import runs
from clouds.cloud import Resource
from pipelines.settings import load_settings
from pipelines.sources import connect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing; 'make test' installs it")
    with chromium() as started:
        yield started


@pytest.fixture
def address(own_demo_home: Path) -> Generator[str]:
    with served(own_demo_home) as url:
        yield url


def test_a_change_goes_from_the_overview_to_applied_and_back(
    browser: Browser, address: str, own_demo_home: Path, tmp_path: Path
) -> None:
    page, trouble = opened(browser, address)
    expect(page.get_by_text("Month to date")).to_be_visible(timeout=60_000)
    settled(page)
    page.screenshot(path=tmp_path / "overview.png", full_page=True)

    go_to(page, "Recommendations")
    be(page, "ada")
    row = resize_or_stop(own_demo_home)
    page.get_by_role("textbox", name="Search").fill(row["resource_id"])
    page.get_by_role("textbox", name="Search").press("Enter")
    expect(page.get_by_text("1 shown")).to_be_visible()
    settled(page)
    tick(page.locator("[data-testid=stDataFrame]").first, 0)
    expect(page.get_by_text("1 selected")).to_be_visible()
    settled(page)
    page.screenshot(path=tmp_path / "recommendations.png", full_page=True)
    page.get_by_role("button", name="Make a plan").click()
    page.get_by_role("button", name="Make the plan").click()

    expect(page.get_by_text("Waiting for approval:")).to_be_visible(timeout=30_000)
    assert look(own_demo_home, row) == row["before"], "making a plan changed something"
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve this hash").click()
    expect(page.get_by_text("nobody approves their own plan")).to_be_visible(timeout=30_000)
    closed(page)
    be(page, "grace")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve this hash").click()
    expect(page.get_by_text("Approved by grace")).to_be_visible(timeout=30_000)
    page.screenshot(path=tmp_path / "approved.png", full_page=True)
    assert look(own_demo_home, row) == row["before"], "approving changed something"

    page.get_by_role("button", name="Apply", exact=True).click()
    page.get_by_role("button", name="Apply now").click()
    expect(page.get_by_text("by grace: 1 applied")).to_be_visible(timeout=60_000)
    settled(page)
    page.screenshot(path=tmp_path / "applied.png", full_page=True)
    assert look(own_demo_home, row) == row["after"]

    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("As planned", exact=True)).to_be_visible(timeout=30_000)
    closed(page)

    page.get_by_role("button", name="Undo", exact=True).click()
    page.get_by_role("button", name="Make the undo plan").click()
    expect(page.get_by_text("Waiting for approval:")).to_be_visible(timeout=30_000)
    be(page, "ada")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve this hash").click()
    expect(page.get_by_text("Approved by ada")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Apply", exact=True).click()
    page.get_by_role("button", name="Apply now").click()
    expect(page.get_by_text("by ada: 1 applied")).to_be_visible(timeout=60_000)
    settled(page)
    page.screenshot(path=tmp_path / "rolled_back.png", full_page=True)
    assert look(own_demo_home, row) == row["before"]

    ledger = open_ledger(load_settings(own_demo_home).ledger_url)
    back, plan = plans(ledger)
    assert (plan.status, back.status) == ("rolled_back", "applied")
    assert [run.actor for run in runs(ledger)] == ["ada", "grace"]
    assert verify(ledger).ok
    assert trouble == []


def test_every_page_opens_without_a_console_error_or_a_request_to_elsewhere(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    for scheme in ("light", "dark"):
        page, trouble = opened(browser, address, scheme=scheme)
        for name in PAGES:
            go_to(page, name)
            settled(page)
            expect(page.get_by_text("Snapshot").first).to_be_visible()
            expect(page.get_by_text("Bills up to")).to_be_visible()
            expect(page.get_by_test_id("stException")).to_have_count(0)
            page.screenshot(path=tmp_path / f"{name.lower()}-{scheme}.png", full_page=True)
        assert trouble == []
        page.context.close()


def test_the_address_keeps_the_currency(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address)
    page.get_by_test_id("stSidebar").get_by_text("EUR", exact=True).click()
    go_to(page, "Forecasts")
    settled(page)
    shown = page.get_by_test_id("stMetric").first.inner_text()
    assert "€" in shown
    copied, _ = opened(browser, page.url)
    settled(copied)
    assert copied.get_by_test_id("stMetric").first.inner_text() == shown


def test_no_page_is_wider_than_a_phone(browser: Browser, address: str, tmp_path: Path) -> None:
    page, trouble = opened(browser, address, phone=True)
    for name in PAGES:
        go_to(page, name)
        settled(page)
        expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
        wider = page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth - main.clientWidth }"
        )
        assert wider <= 0, f"{name} is {wider} pixels too wide"
        hidden = page.evaluate(
            "() => { const boxes = (what) => [...document.querySelectorAll(what)]"
            ".map((one) => one.getBoundingClientRect()).filter((box) => box.width);"
            " const tables = boxes('[data-testid=stDataFrame]');"
            " return boxes('[data-testid=stMain] [data-testid=stCaptionContainer]')"
            ".filter((note) => tables.some((table)"
            " => note.top < table.bottom - 1 && note.bottom > table.bottom)).length }"
        )
        assert hidden == 0, f"{hidden} notes of {name} lie on tables"
        page.screenshot(path=tmp_path / f"{name.lower()}-phone.png", full_page=True)
    assert trouble == []


def test_another_website_can_not_talk_to_the_dashboard(address: str) -> None:
    port = int(address.rsplit(":", 1)[1])
    assert handshake(port, host=f"127.0.0.1:{port}", origin=address) == 101
    assert handshake(port, host=f"127.0.0.1:{port}", origin="http://evil.example") == 403
    assert handshake(port, host=f"evil.example:{port}", origin=f"http://evil.example:{port}") == 403


def handshake(port: int, *, host: str, origin: str) -> int:
    """Status of the answer to a browser that opens the connection all pages are drawn through."""
    asked = [
        "GET /_stcore/stream HTTP/1.1", f"Host: {host}", f"Origin: {origin}",
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join(asked).encode())
        return int(connection.recv(64).split()[1])


def resize_or_stop(home: Path) -> dict[str, Any]:
    """The open recommendation that saves most among those that somebody can approve."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "recommendations", "--json", "--home", str(home)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = [
        row
        for row in json.loads(done.stdout)["recommendations"]
        if row["status"] == "open"
        and row["verb"] in ("stop", "resize")
        and row["risk"] in ("R1", "R2")
        and row["kind"] == "instance"
        and row["currency"] == "USD"
    ]
    return max(found, key=lambda row: float(row["saving_month_high"]))


def look(home: Path, row: dict[str, Any]) -> str | None:
    """What the change is about, as the simulated cloud says now."""
    cloud = connect(load_settings(home))["demo"]
    where = Resource(row["cloud"], row["account"], row["region"], row["resource_id"], row["kind"])
    seen = cloud.kinds[(row["cloud"], row["kind"])].observe(where)
    return seen.sku if row["verb"] == "resize" else seen.state
