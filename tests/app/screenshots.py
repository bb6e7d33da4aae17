"""Take the pictures of the docs anew: `python tests/app/screenshots.py HOME`, of a demo home.

They are of one made with `instance-select demo --as-of 2026-11-22`; HOME itself is left as it is.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from browsing import be, chromium, go_to, opened, served, settled, tick
from playwright.sync_api import Page

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTH = 1440
HEIGHTS = {
    "Overview": 1000, "Costs": 1240, "Forecasts": 1350, "Anomalies": 1460,
    "Recommendations": 1000, "Commitments": 1700, "Instances": 1420, "Plans": 1060,
}  # fmt: skip
PLANNED = 3  # changes of the plan that waits for approval


def main(home: Path) -> None:
    """One picture of the top of each page that the docs show."""
    with TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(home, Path(folder) / "home"))
        plan(copied)
        with served(copied) as address, chromium() as browser:
            page, trouble = opened(browser, address)
            be(page, "ada")
            for name, height in HEIGHTS.items():
                page.set_viewport_size({"width": WIDTH, "height": height})
                go_to(page, name)
                settled(page)
                if name in ("Costs", "Recommendations"):
                    tick(page.locator("[data-testid=stDataFrame]").first, 0)
                if name == "Plans":
                    page.get_by_text("running to stopped").first.click()
                picture(page, name)
    assert trouble == [], trouble


def plan(home: Path) -> None:
    """A plan of the largest savings that the gate can make."""
    found = answer(home, "recommendations")["recommendations"]
    stops = [
        one["id"]
        for one in found
        if (one["status"], one["risk"], one["currency"]) == ("open", "R2", "USD")
        and one["verb"] in ("stop", "resize")
    ]
    asked = [part for one in stops[:PLANNED] for part in ("--recommendation", one)]
    answer(home, "plan", "create", *asked, "--as", "ada")


def answer(home: Path, *arguments: str) -> dict[str, Any]:
    """What a command says."""
    command = [sys.executable, "-m", "app", *arguments, "--json", "--home", str(home)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def picture(page: Page, name: str) -> None:
    """What is on the screen, once charts have grown."""
    page.mouse.move(WIDTH / 2, 1)  # away from what shows tools when it is pointed at
    settled(page)
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / f"{name.lower()}-light.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
