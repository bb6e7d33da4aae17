"""The sizes of machines by the rules of the settings, from hours of measurements."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from home import Home, home_at

from actions.check import checks
from models.rightsizing import NAMES, allocation, needed
from models.rightsizing.presets import PRESETS
from models.rightsizing.run import HOURS
from models.rightsizing.trade import BALANCED
from pipelines.assets.right_sizes import CHECK, OWN, PARAM, right_sizes
from pipelines.check_settings import CheckSettings

MACHINES = 30
OLDER = 100  # hours of measurements before those that count
PEAK = "(5 + number % 7 * 3 + if((back + number) % 24 < 2, 30, 0))"
MEASURED = f"""
insert into raw.metric by name
select
    'small' as source, 'aws' as cloud, 'a' || number % 2 as account, 'i-' || number as resource_id,
    'cpu_percent' as metric, {PEAK} / 2 as avg, if(back >= {HOURS}, 100, {PEAK}) as max,
    -- The second account is read half a day later.
    timestamp '2026-03-20 11:00' - to_hours((back + number % 2 * 12)::integer) as hour
from range({MACHINES}) as machine (number), range({HOURS + OLDER}) as hour (back)
where
    not (number = 4 and back = 17)
    and not (number = 7 and back < 3) -- late
    and not (number = 9 and back < 4) -- gone
"""
ESTATE = f"""
create table marts.resource_now as
select
    'small' as source, 'aws' as cloud, 'a' || number % 2 as account, 'r' as region,
    'i-' || number as resource_id, if(number = 5, 'database', 'instance') as kind,
    if(number = 6, 'stopped', 'running') as state
from range({MACHINES}) as machine (number)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = home_at(tmp_path_factory.mktemp("sizes"), "small")
    home.write(ESTATE)
    home.write(MEASURED)
    return home


def sized(home: Home, *rules: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Size and what is missing by rule and machine, as the settings ask for them."""
    asked = [CheckSettings(check=CHECK, account=rule, params={PARAM: rule}) for rule in rules]
    home.settings = home.settings.model_copy(update={"checks": tuple(asked)})
    home.step(right_sizes)
    query = "select rule, resource_id, size_percent, missing from models.right_size"
    return {row[:2]: row[2:] for row in home.ask_newest(query)}


def test_sizes_are_those_of_the_rules_on_the_last_two_weeks(home: Home) -> None:
    found = sized(home, "balanced", "krr", "vpa_upper")
    numbers = [number for number in range(MACHINES) if number not in (4, 5, 6, 7, 9)]
    back = np.arange(HOURS)[::-1, None]
    number = np.array(numbers)[None, :]
    high = 5.0 + number % 7 * 3 + np.where((back + number) % 24 < 2, 30, 0)
    for rule, expected in {
        "balanced": needed(high, high / 2, BALANCED, 24),
        "krr": allocation(high, high / 2, PRESETS["krr"], 24),
        "vpa_upper": allocation(high, high / 2, PRESETS["vpa_upper"], 24),
    }.items():
        sizes = [found[rule, f"i-{one}"][0] for one in numbers]
        # In the order of the warehouse, which is not that of the numbers.
        assert sizes == pytest.approx(list(expected), abs=1.0 if rule == "balanced" else 1e-9)
        assert max(sizes) < 100, "older hours, which were full, don't count"
    assert {machine for _, machine in found} == {f"i-{one}" for one in [*numbers, 4, 7, 9]}


def test_a_machine_with_an_unknown_hour_says_so(home: Home) -> None:
    found = sized(home, "safe")
    assert found["safe", "i-4"] == (None, f"CPU is unknown in 1 of {HOURS} steps")
    assert found["safe", "i-9"] == (None, f"CPU is unknown in 4 of {HOURS} steps")
    unsized = {name for (_, name), (size, _) in found.items() if size is None}
    assert unsized == {"i-4", "i-9"}, "hours that are late are none that are unknown"


def test_nothing_is_sized_that_no_setting_asks_for(home: Home) -> None:
    assert sized(home, "krr")
    assert sized(home) == {}
    assert sized(home, OWN) == {}


def test_a_home_without_measurements_has_no_sizes(tmp_path: Path) -> None:
    home = home_at(tmp_path, "small")
    home.write(ESTATE)
    assert sized(home, "balanced") == {}


def test_the_check_offers_every_rule() -> None:
    (check,) = [one for one in checks() if one.name == CHECK]
    assert check.choices[PARAM] == (OWN, *NAMES)
    assert check.params[PARAM] == OWN
