from datetime import timedelta
from pathlib import Path

from home import home_at
from small import NOW

from actions.ledger import open_ledger
from actions.tables import plan
from pipelines.assets.maintain import maintain
from pipelines.assets.plans import snapshots_of_plans
from pipelines.instance import open_instance


def test_maintenance_forgets_metrics_that_nothing_judges_any_more(tmp_path: Path) -> None:
    home = home_at(tmp_path, "small")
    for days in (65, 63):
        home.write(f"insert into raw.metric (hour) values ('{NOW - timedelta(days=days)}')")
    home.lake.publish(home.lake.snapshot(), NOW, "run", NOW)
    with open_instance(home.settings.dagster_home) as instance:
        result = maintain.execute_in_process(instance=instance, resources={"work": home.work()})
    assert result.success
    assert home.ask_newest("select hour from raw.metric") == [(NOW - timedelta(days=63),)]


def test_snapshots_of_plans_are_those_that_were_planned_on(tmp_path: Path) -> None:
    settings = home_at(tmp_path, "small").settings
    assert snapshots_of_plans(settings) == set()
    ledger = open_ledger(settings.ledger_url)
    facts = {"body": "{}", "title": "t", "author": "a", "created_at": NOW, "expires_at": NOW}
    with ledger.write() as connection:
        for number, snapshot in enumerate((7, None, 9)):
            connection.execute(
                plan.insert().values(
                    id=f"p{number}", number=number, hash="h", snapshot=snapshot, status="draft",
                    **facts,
                )
            )  # fmt: skip
    ledger.close()
    assert snapshots_of_plans(settings) == {7, 9}
