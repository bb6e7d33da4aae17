"""The section `allocation:`: what is right is read, what is wrong is told with its line."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.config_template import template
from pipelines.allocation_settings import rules_of
from pipelines.errors import BrokenSettings
from pipelines.settings import CONFIG_FILE, load_rules, load_settings
from warehouse.allocation.rules import WITHOUT_SETTINGS

GOOD = """\
max_changes: 5
allocation:
  rules:
    - {name: support, match: {service: "*Support*", account: ["1", "2"]}, to: shared}
    - {match: {tag: {env: prod}}, to: web}
    - {to: {label: team}}
  shared:
    - {pool: shared, split: fixed, percent: {web: 33.3, data: 66.7}}
    - {pool: idle, split: even, over: [web]}
  markup:
    - {percent: -2.5, cloud: aws}
  units:
    - {name: request, sql: select 1}
"""
BROKEN = {
    "no criterion": ("{tag: {env: prod}}", "{}", 5, "no criterion, expected one of: cloud, acc"),
    "a number": ('["1", "2"]', "111", 4, "found 111, expected a text or a list of texts"),
    "a number in a list": ('["1", "2"]', "[1]", 4, "expected a text; write it in quotes"),
    "an unknown criterion": ("service:", "servise:", 4, "the name 'servise'"),
    "no match": ("match: {tag: {env: prod}}, ", "", 5, "no 'match', expected one"),
    "nobody": (", to: web", "", 5, "no 'to' here"),
    "two payers": ("{label: team}", "{label: a, tag: b}", 6, "'tag' and 'label', expected a team"),
    "idle by a rule": ("to: web", "to: {shared: idle}", 5, "the pool 'idle'"),
    "not 100": ("66.7", "66.8", 8, "100.1 per cent together"),
    "too many places": ("66.7", "66.70000000001", 8, "9 decimal places"),
    "per cent of nothing": ("split: even", "split: even, percent: {a: 100}", 9, "'percent' with"),
    "over and fixed": ("split: fixed,", "split: fixed, over: [web],", 8, "'over' with split"),
    "a team that pays twice": ("over: [web]", "over: [a, b, a]", 9, "the team 'a' again"),
    "an unknown split": ("split: even", "split: evenly", 9, "'even', 'proportional' or 'fixed'"),
    "a pool of no rule": ("pool: shared", "pool: network", 8, "the pool 'network', expected one"),
    "a pool twice": ("pool: idle", "pool: shared", 9, "the pool 'shared' again"),
    "a rule twice": ("{to: {label", "{name: support, to: {label", 6, "the name 'support' again"),
    "a name of a number": (
        "{to: {label",
        "{name: rule 2, to: {label",
        6,
        "the name 'rule 2' again",
    ),
    "no quantity": (", sql: select 1", "", 13, "neither 'sql' nor 'file'"),
}


def test_the_section_is_read(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(GOOD)
    rules = rules_of(load_settings(tmp_path).allocation)
    assert [rule.name for rule in rules.rules] == ["support", "rule 2", "rule 3"]
    assert [rule.pool for rule in rules.rules] == ["shared", None, None]
    assert rules.rules[0].match.patterns == (("account", ("1", "2")), ("service", ("*Support*",)))
    assert rules.pools[0].percent == (("web", Decimal("33.3")), ("data", Decimal("66.7")))
    assert rules.markups[0].percent == Decimal("-2.5")


@pytest.mark.parametrize("change", BROKEN)
def test_what_is_wrong_is_told_with_its_line(change: str, tmp_path: Path) -> None:
    right, wrong, line, says = BROKEN[change]
    assert right in GOOD
    (tmp_path / "rules.yaml").write_text(GOOD.replace(right, wrong, 1))
    with pytest.raises(BrokenSettings) as raised:
        load_rules(tmp_path / "rules.yaml", tmp_path)
    assert f"line {line}: " in str(raised.value)
    assert says in str(raised.value)


def test_a_file_without_rules_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("max_changes: 3\n")
    for name, says in (("rules.yaml", "no section 'allocation:'"), ("none.yaml", "no file")):
        with pytest.raises(BrokenSettings, match=says):
            load_rules(tmp_path / name, tmp_path)


def test_without_rules_the_team_is_a_tag_or_label(tmp_path: Path) -> None:
    assert rules_of(load_settings(tmp_path).allocation) == WITHOUT_SETTINGS
    (tmp_path / CONFIG_FILE).write_text("allocation:\n  rules:\n  markup: [{percent: 1}]\n")
    rules = rules_of(load_settings(tmp_path).allocation)
    assert (rules.rules, len(rules.markups)) == (WITHOUT_SETTINGS.rules, 1)


def test_the_example_of_init_is_right_once_it_is_switched_on(tmp_path: Path) -> None:
    text = template()
    begin = text.index("\n#allocation:")
    end = text.index("\n# Who is told of")
    example = text[begin:end].replace("\n#", "\n")
    (tmp_path / CONFIG_FILE).write_text(text[:begin] + example + text[end:])
    allocation = load_settings(tmp_path).allocation
    assert allocation is not None
    assert len(allocation.rules) == 5
    assert [unit.name for unit in allocation.units] == ["GB sent and received", "customer"]
