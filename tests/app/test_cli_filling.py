"""Commands that fill the warehouse: demo, ingest, run, init."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from command_line import answer, call

from clouds import available, connector
from clouds.options import misfit, options_of
from pipelines.settings import load_settings

LOADED = {
    "file", "provider", "billing_account", "period", "currency", "rows", "billed_cost",
    "effective_cost", "list_cost", "status", "reason",
}  # fmt: skip
FOCUS = """\
BilledCost,BillingAccountId,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,ChargeCategory,ChargePeriodEnd,\
ChargePeriodStart,EffectiveCost,ListCost,ContractedCost,ProviderName,PublisherName,InvoiceIssuerName,ServiceName,\
ServiceCategory,SubAccountId,ResourceId,Tags,ConsumedQuantity,PricingQuantity
1.25,acct-1,USD,2026-11-01T00:00:00Z,2026-10-01T00:00:00Z,Usage,2026-10-02T00:00:00Z,2026-10-01T00:00:00Z,\
1.25,2.5,1.25,Acme Cloud,Acme Cloud,Acme Cloud,Compute,Compute,sub-1,vm-1,{},1,1
-0.25,acct-1,USD,2026-11-01T00:00:00Z,2026-10-01T00:00:00Z,Credit,2026-10-02T00:00:00Z,2026-10-01T00:00:00Z,\
-0.25,-0.25,-0.25,Acme Cloud,Acme Cloud,Acme Cloud,Compute,Compute,sub-1,,,,
"""


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    file = tmp_path / "focus-2026-10.csv"
    file.write_text(FOCUS)
    return file


def test_ingest_reports_each_file_exactly(tmp_path: Path, bill: Path) -> None:
    home = tmp_path / "home"
    found = answer("ingest", bill, home=home)
    assert isinstance(found["snapshot"], int)
    (one,) = found["loaded"]
    assert set(one) == LOADED
    assert one["file"] == str(bill)
    assert one["status"] == "loaded"
    assert one["rows"] == 2
    assert one["period"] == "2026-10-01"
    assert Decimal(one["billed_cost"]) == Decimal("1.00")
    again = answer("ingest", bill, home=home)
    assert [one["status"] for one in again["loaded"]] == ["unchanged"]


def test_what_was_ingested_can_be_read_before_the_first_run(tmp_path: Path, bill: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "focus.parquet"
    loaded = answer("ingest", bill, home=home)
    total = call("sql", "select sum(BilledCost) from raw.focus", "--json", home=home)
    assert Decimal(total.json["rows"][0][0]) == Decimal("1.00")
    assert total.json["snapshot"] == loaded["snapshot"]
    assert "No run has been published yet" in total.stderr
    assert answer("export", "focus", "--out", out, home=home)["rows"] == 2


def test_ingest_loads_the_good_file_and_fails_for_the_bad_one(tmp_path: Path, bill: Path) -> None:
    bad = tmp_path / "broken.csv.gz"
    bad.write_bytes(gzip.compress(FOCUS.encode())[:-20])
    outcome = call("ingest", bill, bad, "--json", home=tmp_path / "home")
    assert outcome.code == 1
    status = {Path(one["file"]).name: one["status"] for one in outcome.json["loaded"]}
    assert status == {"focus-2026-10.csv": "loaded", "broken.csv.gz": "rejected"}
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    "given", [("ingest", ""), ("ingest", "--home", "", "."), ("--home", " ", "ingest", ".")]
)
def test_an_empty_path_is_not_the_current_folder(
    tmp_path: Path, bill: Path, given: tuple[str, ...]
) -> None:
    outcome = call(*given, cwd=tmp_path)
    assert outcome.code == 2
    assert "found an empty path, expected a file or folder" in outcome.stderr
    assert list(tmp_path.iterdir()) == [bill], "nothing was written"


def test_ingest_of_nothing_is_bad_input(tmp_path: Path) -> None:
    outcome = call("ingest", tmp_path / "nope.csv", "--json", home=tmp_path / "home")
    assert outcome.code == 2
    assert "nope.csv" in outcome.json["error"]["message"]


def test_bills_alone_make_a_warehouse_to_look_at(tmp_path: Path, bill: Path) -> None:
    home = tmp_path / "home"
    answer("ingest", bill, home=home)
    found = answer("run", home=home)
    assert {"name", "status", "seconds", "rows"} <= set(found["steps"][0])
    total = answer("sql", "select sum(billed_cost) from marts.monthly_cost", home=home)
    assert total["rows"] == [["1"]]
    assert total["snapshot"] == found["snapshot"]


def test_run_of_unknown_assets_is_bad_input(demo_home: Path) -> None:
    outcome = call("run", "--select", "nope", "--json", home=demo_home)
    assert outcome.code == 2
    assert "marts/daily_cost" in outcome.json["error"]["message"]


def test_demo_writes_the_answer_key(demo_home: Path) -> None:
    key = json.loads((demo_home.parent / "answers.json").read_text())
    assert {"waste", "anomalies"} <= set(key)
    assert {"cloud", "resource_id", "check", "saving_month", "currency"} <= set(key["waste"][0])


def test_demo_does_not_overwrite_a_finished_demo(demo_home: Path) -> None:
    outcome = call("demo", "--json", home=demo_home)
    assert outcome.code == 1
    assert "--reset" in outcome.json["error"]["message"]


def test_demo_does_not_touch_a_home_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    outcome = call("demo", "--reset", "--json", home=tmp_path)
    assert outcome.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_demo_only_fills_an_empty_home_if_asked_to(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    assert answer("demo", "--if-empty", home=tmp_path)["home"] == str(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_a_demo_home_can_be_moved_and_its_clock_advanced(own_demo_home: Path) -> None:
    def newest() -> str:
        query = "select max(day)::varchar from marts.daily_cost"
        return answer("sql", query, home=own_demo_home)["rows"][0][0]

    assert newest() == "2026-11-15"
    advanced = answer("demo", "--advance", "2", home=own_demo_home)
    assert advanced["advanced_days"] == 2
    assert newest() == "2026-11-17"


def test_maintenance_goes_by_real_time_as_snapshots_do(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_SELECT_AS_OF", "2099-01-01T00:00:00Z")
    done = answer("maintain", home=own_demo_home)
    assert (done["expired_snapshots"], done["deleted_files"]) == (0, 0)


def test_an_interrupted_demo_is_made_again_and_reset_makes_another(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "demo").mkdir(parents=True)
    settings = {"sources": [{"name": "demo", "cloud": "demo"}]}
    (home / "instance-select.yaml").write_text(yaml.safe_dump(settings))
    small = ("demo", "--resources", "30", "--months", "1", "--as-of", "2026-11-16")
    made = answer(*small, home=home)
    assert made["resources"] == 30
    (home / "notes.txt").write_text("mine")
    other = answer(*small, "--reset", "--seed", "3", home=home)
    assert other["seed"] == 3
    assert (home / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "options",
    [["--resources", "3"], ["--as-of", "yesterday"], ["--advance", "3", "--reset"], ["--nope"]],
)
def test_demo_refuses_options_that_make_no_sense(tmp_path: Path, options: list[str]) -> None:
    outcome = call("demo", *options, "--json", home=tmp_path)
    assert outcome.code == 2
    assert not list(tmp_path.iterdir())


def test_init_writes_settings_that_load_and_name_every_setting(tmp_path: Path) -> None:
    answer("init", home=tmp_path)
    text = (tmp_path / "instance-select.yaml").read_text()
    uncommented = "\n".join(
        line.removeprefix("# ") if ": " in line and line.count("# ") == 1 else line
        for line in text.splitlines()
    )
    for name in ("max_changes", "forecast_days", "memory_limit"):
        assert f"\n{name}: " in uncommented
    assert yaml.safe_load(text) == {"sources": None}


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    file = tmp_path / "instance-select.yaml"
    file.write_text("# mine\n")
    refused = call("init", "--json", home=tmp_path)
    assert refused.code == 1
    assert str(file) in refused.json["error"]["message"]
    assert file.read_text() == "# mine\n"


@pytest.mark.parametrize("cloud", available())
def test_the_example_of_each_cloud_is_right_once_it_is_switched_on(
    cloud: str, tmp_path: Path
) -> None:
    answer("init", home=tmp_path)
    file = tmp_path / "instance-select.yaml"
    head, *examples = file.read_text().split("\n#\n")
    (example,) = [one for one in examples if f"\n#    cloud: {cloud}\n" in one]
    lines = example.split("\n\n")[0].replace("\n#", "\n").removeprefix("#")
    file.write_text(f"{head}\n{lines}\n")
    (source,) = load_settings(tmp_path).sources
    connect = connector(cloud)
    assert source.cloud == cloud
    assert list(source.options) == [option.name for option in options_of(connect)]
    given = {name: value for name, value in source.options.items() if value is not None}
    assert misfit(connect, given) is None


def test_a_home_without_room_is_told(tmp_path: Path) -> None:
    full = Path("/proc/home")  # nothing has any room there
    for arguments in (("user", "add", "ann", "--role", "admin"), ("init",)):
        outcome = call(*arguments, "--json", home=full)
        assert outcome.code == 1
        message = outcome.json["error"]["message"]
        assert message.startswith("The disk of /proc is full. Make room there, and try again.")
    checks = {check["name"]: check for check in call("doctor", "--json", home=full).json["checks"]}
    assert checks["disk"]["detail"] == "The disk of /proc is full."
