"""A cloud of other people: built and installed as its own package, configured, read, and seen."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract import HERE, emulator_module, started
from streamlit.testing.v1 import AppTest

TOY = HERE / "toy"
BROKEN = "import no_such_sdk\n"


@dataclass(frozen=True)
class Toy:
    """A home with one source on an installed toy cloud, which has been run once."""

    home: Path
    site: Path
    emulator: Any
    ran: dict[str, Any]

    def call(self, *arguments: str) -> tuple[int, Any]:
        return call(self.home, self.site, *arguments)

    def ask(self, query: str) -> list[Any]:
        return self.call("sql", query)[1]["rows"]


def call(home: Path, site: Path, *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON document of a command whose Python knows what is installed in `site`."""
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("INSTANCE_SELECT_")}
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments, "--json", "--home", str(home)],
        capture_output=True, text=True, timeout=300,
        env={**environment, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def installed(folder: Path) -> Path:
    """A folder into which a wheel of the toy cloud has been installed, without network."""
    source, out, site = folder / "source", folder / "dist", folder / "site"
    shutil.copytree(TOY, source, ignore=shutil.ignore_patterns("emulator.py", "__pycache__"))
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source)
    (wheel,) = out.glob("*.whl")
    uv = shutil.which("uv")
    pip = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    run(*pip, "install", "--no-index", "--no-deps", "--target", site, wheel)
    return site


def run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Generator[Toy]:
    folder = tmp_path_factory.mktemp("toy")
    site, home = installed(folder), folder / "home"
    with started("toy", folder / "emulator") as emulator:
        home.mkdir()
        source = {"name": "mine", "cloud": "toy", "options": emulator.options("shop", "lab")}
        now = emulator_module("toy").NOW
        settings = {"as_of": now.isoformat(), "sources": [source]}
        (home / "instance-select.yaml").write_text(yaml.safe_dump(settings))
        code, ran = call(home, site, "run")
        bad = [step["reason"] for step in ran["steps"] if step["status"] in ("failed", "skipped")]
        assert (code, bad) == (0, [])
        yield Toy(home, site, emulator, ran)


def test_its_resources_bills_and_measurements_are_in_the_warehouse(toy: Toy) -> None:
    query = "select account, kind, count(*) from marts.resource_now group by all order by all"
    assert toy.ask(query) == [
        ["lab", "disk", 4], ["lab", "instance", 10], ["shop", "disk", 4], ["shop", "instance", 10],
    ]  # fmt: skip
    query = "select cloud, account, currency, sum(billed_cost) from marts.daily_cost group by all"
    assert toy.ask(f"{query} order by all") == [
        ["toy", "lab", "EUR", "23.75"], ["toy", "shop", "EUR", "23.75"]
    ]  # fmt: skip
    query = "select count(*), min(avg), max(max) from raw.metric where cloud = 'toy'"
    assert toy.ask(query) == [[48, 25.0, 50.0]]


def test_a_cloud_that_brings_an_inventory_is_known(toy: Toy) -> None:
    (known,) = [step for step in toy.ran["steps"] if step["name"] == "check:clouds_are_known"]
    assert known["status"] == "done"


@pytest.mark.parametrize("view", ["overview", "costs"])
def test_it_is_seen_in_the_dashboard(toy: Toy, view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_SELECT_HOME", str(toy.home))
    main = Path(str(files("app.dashboard"))) / "main.py"
    page = AppTest.from_file(str(main), default_timeout=120).run()
    if view != "overview":
        page = page.switch_page(f"views/{view}.py").run()
        page.selectbox(key="costs_split").set_value("cloud").run()
    assert not page.exception
    assert not page.error
    shown = " ".join(str(part.value) for part in [*page.dataframe, *page.metric, *page.markdown])
    assert "toy" in shown if view == "costs" else "€" in shown


def test_its_options_are_in_the_file_that_init_writes(toy: Toy, tmp_path: Path) -> None:
    code, _ = call(tmp_path, toy.site, "init")
    assert code == 0
    text = (tmp_path / "instance-select.yaml").read_text()
    assert "#  # Toy Cloud, with machines and disks in two regions.\n#  - name: my-toy\n" in text
    assert '#      accounts: ["..."]  # list of text, needed\n' in text


def test_its_permissions_are_printed(toy: Toy) -> None:
    code, told = toy.call("permissions", "--cloud", "toy")
    assert (code, told["access"]) == (0, "read")
    assert told["reads"]["inventory"] == ["machines.read", "disks.read"]
    assert "disks.read" in json.loads(told["policy"])["allow"]
    assert (
        json.loads(toy.call("permissions", "--cloud", "toy", "--write")[1]["policy"])["allow"] == []
    )


def test_doctor_tells_which_permission_of_which_account_is_missing(toy: Toy) -> None:
    _, healthy = toy.call("doctor")
    of_source = [one for one in healthy["checks"] if one["name"].startswith("source mine")]
    assert len([one for one in of_source if " shop " in one["name"]]) == 4
    assert all(one["ok"] for one in of_source)
    toy.emulator.deny("lab", "north", "instance")
    try:
        code, sick = toy.call("doctor")
    finally:
        toy.emulator.heal()
    assert code == 1
    bad = [one for one in sick["checks"] if not one["ok"] and one["name"].startswith("source")]
    assert [one["name"] for one in bad] == ["source mine lab inventory"]
    assert "machines.read is missing" in bad[0]["detail"]
    assert "instance-select permissions" in bad[0]["fix"]


def test_a_plug_in_that_can_not_be_loaded_fails_alone(toy: Toy, tmp_path: Path) -> None:
    site, home = tmp_path / "site", tmp_path / "home"
    shutil.copytree(toy.site, site)
    (site / "broken_cloud").mkdir()
    (site / "broken_cloud" / "__init__.py").write_text(BROKEN)
    about = site / "broken-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[instance_select.clouds]\nbroken = broken_cloud\nmute = mute_cloud\n"
    )
    (site / "mute_cloud").mkdir()
    (site / "mute_cloud" / "__init__.py").touch()
    home.mkdir()
    text = (toy.home / "instance-select.yaml").read_text()
    (home / "instance-select.yaml").write_text(f"{text}- {{name: bad, cloud: broken}}\n")
    code, told = call(home, site, "doctor")
    assert code == 1
    checks = {one["name"]: one for one in told["checks"]}
    assert checks["source mine shop inventory"]["ok"]
    assert not checks["source bad"]["ok"]
    line = text.count("\n") + 1
    assert (
        f"instance-select.yaml, line {line}: The cloud 'broken'" in checks["source bad"]["detail"]
    )
    assert "no_such_sdk" in checks["source bad"]["detail"]
    assert call(home, site, "permissions", "--cloud", "broken")[0] == 1
    code, told = call(home, site, "permissions", "--cloud", "mute")
    assert code == 1
    assert "does not say which permissions" in told["error"]["message"]


def test_what_a_cloud_does_not_say_is_said(toy: Toy) -> None:
    code, told = toy.call("permissions", "--cloud", "nimbus")
    assert code == 2
    assert "Known clouds: aws" in told["error"]["message"]
    assert "toy" in told["error"]["message"]
    assert "needs none" in toy.call("permissions", "--cloud", "demo")[1]["policy"]
    assert "only cost reports in a folder" in toy.call("permissions", "--cloud", "oci")[1]["policy"]
