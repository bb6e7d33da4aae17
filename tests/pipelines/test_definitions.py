import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import pipelines
from pipelines.assets.checks import find_checks
from pipelines.definitions import build, defs
from pipelines.settings import Settings
from warehouse.build import find

GRAPH = Path(__file__).with_name("graph.txt")


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build(Settings(home=tmp_path_factory.mktemp("unused")))


def drawn(definitions: dg.Definitions) -> str:
    """One line per asset: group, name, what it is made of; then the checks."""
    graph = definitions.resolve_asset_graph()
    lines: list[str] = []
    for key in sorted(graph.executable_asset_keys):
        node = graph.get(key)
        made_of = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{node.group_name}: {key.to_user_string()} <- {made_of or 'sources'}")
    for check in sorted(graph.asset_check_keys):
        spec = graph.get_check_spec(check)
        kind = "must hold" if spec.blocking else "should hold"
        lines.append(f"{kind}: {check.asset_key.to_user_string()} {check.name}")
    return "\n".join(lines) + "\n"


def test_definitions_load(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in definitions.resolve_all_job_defs()} >= {"run", "maintain"}
    schedules = {
        schedule.name: schedule.cron_schedule
        for schedule in map(definitions.resolve_schedule_def, ["daily", "weekly"])
    }
    assert schedules == {"daily": "0 5 * * *", "weekly": "0 3 * * 0"}


def test_dagster_finds_them_in_the_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INSTANCE_SELECT_HOME", str(tmp_path / "home"))
    dg.Definitions.validate_loadable(defs())
    assert not (tmp_path / "home").exists(), "loading writes nothing"


def test_importing_them_reads_no_settings_and_connects_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pipelines.definitions;"
        "sys.exit(any(name in sys.modules for name in ('clouds.demo', 'boto3', 'clouds.aws')))"
    )
    broken = {"INSTANCE_SELECT_METRIC_DAYS": "not a number", "PATH": ""}
    root = Path(pipelines.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], env=broken, cwd=root, check=False)
    assert done.returncode == 0


def test_the_asset_graph_is_the_one_in_the_file(definitions: dg.Definitions) -> None:
    found = drawn(definitions)
    if not GRAPH.exists():
        GRAPH.write_text(found)
    assert found == GRAPH.read_text(), f"if that is intended, delete {GRAPH} and run the test again"


def test_every_mart_is_an_asset(definitions: dg.Definitions) -> None:
    assets = {".".join(key.path) for key in definitions.resolve_asset_graph().executable_asset_keys}
    assert find().keys() <= assets


def test_every_asset_says_its_grain(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.executable_asset_keys:
        description = graph.get(key).description or ""
        assert description.startswith("One row per "), f"{key}: {description}"
        assert graph.get(key).group_name != "default"
        assert graph.get(key).freshness_policy is not None


def test_everything_that_writes_shares_one_pool(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.executable_asset_keys:
        assert graph.get(key).pools == {"warehouse_write"}, key


def test_every_check_is_an_asset_check(definitions: dg.Definitions) -> None:
    keys = definitions.resolve_asset_graph().asset_check_keys
    assert {check.name for check in find_checks()} == {key.name for key in keys}
