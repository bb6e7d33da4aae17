"""Turn rules into SQL: macros of one connection, so that all rules together cost one pass.

Patterns and names become literals; nothing of the rules is ever SQL.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files

from duckdb import DuckDBPyConnection

from warehouse.allocation.rules import IDLE, SHARED, Markup, Named, Patterns, Pool, Rule, Rules
from warehouse.sql_text import literal

KEPT = {  # facts of a line by which to group: those that no rule asks for are left out
    "account_name": "account", "region": "region", "category": "category",
    "resource_id": "resource", "resource_name": "resource",
}  # fmt: skip
COLUMN = {  # column of a line, where it is not named like the criterion
    "account": ("account", "account_name"),
    "resource": ("resource_name", "resource_id"),
}


def prepare(connection: DuckDBPyConnection, rules: Rules) -> None:
    """Let marts ask these rules on this connection; nothing is written but temporary macros."""
    for file in ("exact.sql", "machine.sql"):
        connection.execute((files("warehouse.allocation") / file).read_text())
    for macro in macros(rules):
        connection.execute(macro)


def macros(rules: Rules) -> Iterator[str]:
    """What marts call: whose a line is, how pools are split, what is added."""
    asked = {name for rule in rules.rules for name, _ in rule.match.patterns}
    for column, criterion in KEPT.items():
        kept = column if criterion in asked else "null::varchar"
        yield _macro(f"kept_{column}", column, kept)
    uses_tags = any(rule.match.tags or rule.team_tag for rule in rules.rules)
    yield _macro("kept_tags", "tags", "tags" if uses_tags else "null::varchar")
    for kind in ("tags", "labels"):
        yield _macro(f"asked_{kind}", "pairs", _asked(kind, rules.rules))
    yield _macro("allocation_rule", "about", _case(_number(rules.rules)))
    yield _macro("allocation_rule_name", "rule", _by_number(rules.rules, lambda r: literal(r.name)))
    yield _macro("allocation_team", "rule, about", _by_number(rules.rules, _team))
    yield _macro("allocation_pool", "rule", _by_number(rules.rules, _pool))
    pools = [_pool_literal(pool) for pool in with_defaults(rules)]
    yield _macro("allocation_pools", "", f"[{', '.join(pools)}]::{POOLS}")
    yield _macro("markup_percent", "cloud, service, team", _markups(rules.markups))


def with_defaults(rules: Rules) -> Sequence[Pool]:
    """Every pool that a rule names: those that nobody describes are split in proportion."""
    described = {pool.name for pool in rules.pools}
    named = {rule.pool for rule in rules.rules if rule.pool} - described - {IDLE}
    return [*rules.pools, *(Pool(name) for name in sorted(named))]


POOLS = (
    "struct(name varchar, split varchar, teams varchar[], percents map(varchar, decimal(18, 9)))[]"
)


def _macro(name: str, parameters: str, body: str) -> str:
    return f"create or replace temp macro {name}({parameters}) as {body}"


def _case(branches: Iterable[str]) -> str:
    text = " ".join(branches)
    return f"case {text} end" if text else "null::integer"


def _asked(kind: str, rules: Sequence[Rule]) -> str:
    """The values of the keys that rules ask for, each looked up once and not once per rule."""
    fields = [
        f"{field}: trim(pairs[{literal(key)}])" for key, field in _fields(kind, rules).items()
    ]
    return f"{{{', '.join(fields) or 'none: null::varchar'}}}"


def _fields(kind: str, rules: Sequence[Rule]) -> Mapping[str, str]:
    """The name under which the value of each key without wildcards is kept."""
    keys = [
        key
        for rule in rules
        for key in (*(key for key, _ in getattr(rule.match, kind)), _team_key(kind, rule))
        if key is not None and _is_plain(key)
    ]
    return {key: f"k{number}" for number, key in enumerate(dict.fromkeys(keys))}


def _team_key(kind: str, rule: Rule) -> str | None:
    return rule.team_tag if kind == "tags" else rule.team_label


def _number(rules: Sequence[Rule]) -> Iterator[str]:
    fields = {kind: _fields(kind, rules) for kind in ("tags", "labels")}
    for number, rule in enumerate(rules):
        yield f"when {' and '.join(_conditions(rule, fields))} then {number}"


def _by_number(rules: Sequence[Rule], what: Callable[[Rule], str]) -> str:
    cases = " ".join(f"when {number} then {what(rule)}" for number, rule in enumerate(rules))
    return f"case rule {cases} end::varchar" if cases else "null::varchar"


def _conditions(rule: Rule, fields: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name, patterns in rule.match.patterns:
        columns = COLUMN.get(name, (name,))
        yield f"({' or '.join(_fits(f'about.{column}', patterns) for column in columns)})"
    for kind, named in (("tags", rule.match.tags), ("labels", rule.match.labels)):
        yield from _named(kind, named, fields[kind])
        team_key = _team_key(kind, rule)
        if team_key is not None:
            yield f"nullif({_value(kind, team_key, fields[kind])}, '') is not null"


def _value(kind: str, key: str, fields: Mapping[str, str]) -> str:
    field = fields.get(key)
    return f"about.asked_{kind}.{field}" if field else f"trim(about.{kind}[{literal(key)}])"


def _named(kind: str, named: Named, fields: Mapping[str, str]) -> Iterator[str]:
    """Conditions on tags or labels; a key with wildcards looks at all of them."""
    for key, patterns in named:
        if _is_plain(key):
            yield f"({_fits(_value(kind, key, fields), patterns)})"
            continue
        fits = f"{_fits('pair.key', (key,))} and ({_fits('trim(pair.value)', patterns)})"
        yield f"len(list_filter(map_entries(about.{kind}), lambda pair: {fits})) > 0"


def _fits(column: str, patterns: Patterns) -> str:
    """Any of the patterns; what is unknown or empty fits none."""
    plain = [literal(pattern) for pattern in patterns if _is_plain(pattern)]
    wild = [pattern for pattern in patterns if not _is_plain(pattern)]
    parts = [f"{column} in ({', '.join(plain)})"] if plain else []
    parts += [f"({column} like {_like(pattern)} and {column} <> '')" for pattern in wild]
    return " or ".join(parts)


def _is_plain(pattern: str) -> bool:
    return "*" not in pattern and "?" not in pattern


def _like(pattern: str) -> str:
    escaped = pattern.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"{literal(escaped.replace('*', '%').replace('?', '_'))} escape '!'"


def _team(rule: Rule) -> str:
    if rule.team_tag is not None:
        return f"trim(about.tags[{literal(rule.team_tag)}])"
    if rule.team_label is not None:
        return f"trim(about.labels[{literal(rule.team_label)}])"
    return literal(rule.team) if rule.team is not None else "null"


def _pool(rule: Rule) -> str:
    return literal(rule.pool or SHARED) if _is_shared(rule) else "null"


def _is_shared(rule: Rule) -> bool:
    return rule.team is None and rule.team_tag is None and rule.team_label is None


def _pool_literal(pool: Pool) -> str:
    teams = pool.over or tuple(team for team, _ in pool.percent)
    keys = ", ".join(literal(team) for team, _ in pool.percent)
    values = ", ".join(f"{percent:f}" for _, percent in pool.percent)
    listed = ", ".join(literal(team) for team in teams)
    percents = f"map([{keys}], [{values}])" if pool.percent else "map()"
    return (
        f"{{'name': {literal(pool.name)}, 'split': {literal(pool.split)}, 'teams': [{listed}],"
        f" 'percents': {percents}}}"
    )


def _markups(markups: Sequence[Markup]) -> str:
    branches = [
        f"when {' and '.join(_of_markup(markup)) or 'true'} then {markup.percent:f}"
        for markup in markups
    ]
    return f"{_case(branches)}::decimal(18, 6)"


def _of_markup(markup: Markup) -> Iterator[str]:
    for name in ("cloud", "service", "team"):
        patterns: Patterns = getattr(markup, name)
        if patterns:
            yield f"({_fits(name, patterns)})"
