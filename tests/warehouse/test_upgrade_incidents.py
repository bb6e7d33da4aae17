"""A lake of before incidents had causes gets the columns and tables, and keeps its rows."""

from pathlib import Path

from warehouse.lake import Lake
from warehouse.settings import LakeSettings

BEFORE = ("flagged_on", "members", "scope", "severity", "share_of_day", "cause", "is_expected",
          "expected_because", "is_new_normal")  # fmt: skip
NEW = ("anomaly_member", "anomaly_cause", "anomaly_day")


def test_an_older_lake_gets_what_incidents_have_now(tmp_path: Path) -> None:
    settings = LakeSettings(home=tmp_path)
    lake = Lake(settings)
    with lake.write("as it was") as write:
        for column in BEFORE:
            write.connection.execute(f"alter table models.anomaly drop column {column}")
        for table in NEW:
            write.connection.execute(f"drop table models.{table}")
        write.connection.execute(
            "insert into models.anomaly (id, impact, reason) values ('old', 3, null),"
            " ('stayed', 2, '9 days; counts as the new normal since then'), ('went', 1, '9 days')"
        )
    lake.close()
    with Lake(settings).write("now") as write:
        found = write.connection.execute(
            "select id, impact, is_expected, is_new_normal, cause from models.anomaly"
        ).fetchall()
        counts = [
            write.connection.execute(f"select count(*) from models.{table}").fetchone()
            for table in NEW
        ]
    assert found == [
        ("old", 3.0, False, False, None),
        ("stayed", 2.0, False, True, None),
        ("went", 1.0, False, False, None),
    ]
    assert counts == [(0,)] * len(NEW)
