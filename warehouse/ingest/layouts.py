"""Recognise what a file is by its columns, and write the SQL that maps its rows to FOCUS."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from duckdb import DuckDBPyConnection

from clouds.billing import Layout, layouts, plain
from warehouse.ingest import focus
from warehouse.ingest.errors import Conflict, OtherDataset, UnknownFormat
from warehouse.ingest.focus import Kind
from warehouse.ingest.records import Source
from warehouse.sql_text import literal, quoted

DATASETS = {  # other FOCUS datasets, by a column that only they have
    "ContractCommitmentId": ("ContractCommitment", "contract commitments"),
    "InvoiceDetailGrain": ("InvoiceDetail", "invoice details"),
    "InvoiceDetailDescription": ("InvoiceDetail", "invoice details"),
    "BillingPeriodStatus": ("BillingPeriod", "billing periods"),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_WITH_AMOUNT = re.compile(r"STRUCT\((.*, )?amount (DOUBLE|DECIMAL\([\d,]+\))(, .*)?\)\[\]")
NO_NUMBER = "cast(null as decimal(38, 18))"
NEAR = 0.4  # of the needed columns: with fewer there is no point in naming the others


def recognise(source: Source) -> Layout | None:
    """The native layout of the file, or None for FOCUS. Raises `UnknownFormat`."""
    found = list(source.columns)
    missing = focus.missing_columns(source.columns)
    given = {plain(name) for name in found}
    other = next((DATASETS[name] for name in DATASETS if plain(name) in given), None)
    if other and missing:
        raise OtherDataset(source.found.shown, *other)
    if focus.is_focus(source.columns):
        if missing:
            raise UnknownFormat(source.found.shown, found, ["FOCUS 1.0 to 1.4"], "FOCUS", missing)
        return None
    lacking = {
        layout.name: sorted(layout.required - columns_of(layout, found).keys())
        for layout in layouts()
    }
    for layout in layouts():
        if not lacking[layout.name]:
            return layout
    known = ["FOCUS 1.0 to 1.4", *lacking]
    share = {each.name: 1 - len(lacking[each.name]) / len(each.required) for each in layouts()}
    closest = max(share, key=lambda name: share[name])
    if share[closest] < NEAR:
        raise UnknownFormat(source.found.shown, found, known)
    raise UnknownFormat(source.found.shown, found, known, closest, lacking[closest])


def columns_of(layout: Layout, found: Iterable[str]) -> dict[str, list[str]]:
    """The file's names of each column of the layout; the first that is not null counts."""
    by_plain = {plain(name): name for name in reversed(list(found))}
    names = {
        column: [by_plain[plain(word)] for word in (column, *others) if plain(word) in by_plain]
        for column, others in layout.columns.items()
    }
    return {column: list(dict.fromkeys(given)) for column, given in names.items() if given}


def variant(
    connection: DuckDBPyConnection, layout: Layout, source: Source, stated: str | None
) -> str:
    """The layout's name, told by the rows, then by the manifest, then by the file's name.

    Without any evidence the export holds no commitments and every variant is the same.
    Raises `Conflict` if the rows speak for two variants at once.
    """
    evidence = layout.evidence()
    if evidence is None:
        return layout.name
    query = connection.execute(
        f"with bill as ({bill_sql(layout, source)}) select * from ({evidence})"
    )
    counts = dict(
        zip([name[0] for name in query.description or ()], query.fetchone() or (), strict=True)
    )
    shown = [word for word, rows in counts.items() if rows]
    if len(shown) > 1:
        found = " and ".join(f"{counts[word]} rows of an {word} export" for word in shown)
        raise Conflict(
            f"{source.found.shown}: found {found}; expected one of them. Nothing was loaded: adding"
            " both would count the same charges twice. Export them into separate files and ingest "
            "one of them."
        )
    names = f"{stated or ''} {PurePosixPath(source.found.shown).name}".lower()
    shown += [word for word in layout.variants if word in names]
    return layout.variants[shown[0]] if shown else layout.name


def focus_sql(connection: DuckDBPyConnection, source: Source) -> str:
    """The rows of a FOCUS file in the columns of raw.focus that it has."""
    select = focus_columns(source)
    if not _has_odd_tags(connection, source, select.get("Tags")):
        select = focus_columns(source, has_odd_tags=False)
    return f"select {aliased(select)} from {source.relation}"


def focus_columns(source: Source, has_odd_tags: bool = True) -> dict[str, str]:
    """The columns of raw.focus that a FOCUS file has, and the SQL of each.

    Tags that are no JSON object take a slower way, which leaves those that are as they are.
    """
    names = focus.focus_names(source.columns)
    select = {
        target: focus.column_sql(
            target, source.columns[name], source.types[name], name in source.clean
        )
        for target, name in names.items()
    }
    if has_odd_tags and "Tags" in select:
        select["Tags"] = f"tag_object({select['Tags']})"
    provider, seller = (select.get(column) for column in focus.PROVIDERS)
    select["ProviderName"] = f"coalesce({provider}, {seller})" if seller else provider or "null"
    if provider:
        select["ServiceProviderName"] = f"coalesce({seller or 'null'}, {provider})"
    else:
        select["ProviderName"] = seller or "null"
    extra = [name for name in source.columns if name not in names.values()]
    if extra:
        select["x_extra"] = f"nullif('{{' || {pairs_sql(source, extra)} || '}}', '{{}}')"
    return select


def aliased(select: Mapping[str, str]) -> str:
    """The list of a select."""
    return ", ".join(f"{sql} as {target}" for target, sql in select.items())


def _has_odd_tags(connection: DuckDBPyConnection, source: Source, tags: str | None) -> bool:
    """Whether some tags are no JSON object, so that all have to take the slow way."""
    if tags is None:
        return False
    odd = f"not coalesce(json_valid({tags}) and left({tags}, 1) = '{{', true)"
    row = connection.execute(f"select bool_or({odd}) from {source.relation}").fetchone()
    return bool(row and row[0])


def native_sql(connection: DuckDBPyConnection, layout: Layout, source: Source) -> str:
    """The rows of a native file in the columns of raw.focus that its mapping fills."""
    bill = bill_sql(layout, source)
    relations = f"with bill as ({bill}), mapped as (select * from ({layout.mapping()}))"
    described = connection.execute(f"describe {relations} select * from mapped").fetchall()
    stored = focus.stored_columns()
    own = [row[0] for row in described if row[0] not in stored and row[0] != "x_extra"]
    select = [
        f"cast({row[0]} as {stored[row[0]]}) as {row[0]}" for row in described if row[0] in stored
    ]
    select.append("ProviderName as ServiceProviderName")
    pairs = [f"{literal(quoted(name) + ':')} || to_json({quoted(name)})" for name in own]
    joined = ", ".join(["nullif(x_extra, '')", *pairs])
    select.append(f"nullif('{{' || concat_ws(',', {joined}) || '}}', '{{}}') as x_extra")
    select += [quoted(name) for name in own if name == "x_credits"]
    return f"{relations} select {', '.join(select)} from mapped"


def bill_sql(layout: Layout, source: Source) -> str:
    """The relation `bill` that a layout's mapping reads: one row per line of the file.

    A column is text, or a decimal number if the layout says so; null where the file lacks it.
    """
    names = columns_of(layout, source.columns)
    select = [
        f"{_value(layout, source, column, names.get(column, ()))} as {quoted(column)}"
        for column in layout.columns
    ]
    tags = _tags(layout, source.columns)
    used = {name for column, given in names.items() for name in given if column not in layout.kept}
    extra = [name for name in source.columns if name not in used and name not in tags]
    select += [
        f"{_tags_sql(source, tags)} as tags",
        f"{pairs_sql(source, extra)} as extra",
        f"{literal(PurePosixPath(source.found.shown).name)} as file_name",
        f"{literal(source.beside)} as beside",
        "file_row_number",
    ]
    # Each text has a name of its own first: `number` writes its argument out many times over.
    texts = f"select {', '.join(select)} from {source.relation}"
    given = sorted(layout.numbers & names.keys())
    numbers = [f"number({quoted(column)}) as {quoted(column)}" for column in given]
    numbers += [f"{NO_NUMBER} as {quoted(column)}" for column in sorted(layout.numbers - {*given})]
    star = f"* replace ({', '.join(numbers)})" if numbers else "*"
    return f"select {star} from ({texts})"


def pairs_sql(source: Source, names: Sequence[str]) -> str:
    """The columns that have a value as `"name":value,...`, the inside of a JSON object."""
    if not names:
        return "''"
    pairs = [
        f"{literal(quoted_json(name) + ':')} || to_json({_known(source, name)})" for name in names
    ]
    return f"concat_ws(',', {', '.join(pairs)})"


def quoted_json(name: str) -> str:
    """A JSON string."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text_sql(source: Source, name: str) -> str:
    """A column of the file as text, with every way to write a null made null."""
    type_ = source.types[name]
    if type_ == "VARCHAR":
        return _known(source, name)
    if type_.startswith(("STRUCT", "MAP")) or type_.endswith("]"):
        return f"cast(to_json({source.columns[name]}) as varchar)"
    return f"cast({source.columns[name]} as varchar)"


def _known(source: Source, name: str) -> str:
    column = source.columns[name]
    if name in source.clean or source.types[name] != "VARCHAR":
        return column
    return f"case when {column} not in ('', 'NULL') then {column} end"


def _value(layout: Layout, source: Source, column: str, names: Sequence[str]) -> str:
    texts = [text_sql(source, name) for name in names]
    if column in layout.numbers | layout.times:
        for null in sorted(layout.nulls):
            texts = [f"nullif({text}, {literal(null)})" for text in texts]
    if not texts:
        return "cast(null as varchar)"
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def _tags(layout: Layout, found: Iterable[str]) -> dict[str, str]:
    """Columns that hold one tag each, and the tag's key."""
    keys: dict[str, str] = {}
    for name in found:
        for prefix, key in layout.tag_columns:
            if name.lower().startswith(prefix.lower()) and len(name) > len(prefix):
                keys[name] = key + name[len(prefix) :]
                break
    return keys


def _tags_sql(source: Source, tags: Mapping[str, str]) -> str:
    if tags:
        pairs = [
            f"{literal(quoted_json(key) + ':')} || to_json({text_sql(source, name)})"
            for name, key in tags.items()
        ]
        return f"nullif('{{' || concat_ws(',', {', '.join(pairs)}) || '}}', '{{}}')"
    if "resource_tags" in source.columns:  # CUR 2.0: one map; user tags begin with user_
        text = text_sql(source, "resource_tags")
        return f"nullif(user_tags(tag_object({text})), '{{}}')"
    return "cast(null as varchar)"


def unreadable_columns(
    connection: DuckDBPyConnection, source: Source, layout: Layout | None
) -> list[tuple[str, str, Kind]]:
    """Columns with a value that can't be what they hold: name, failing SQL test, what they hold."""
    tests: list[tuple[str, str, Kind]] = [
        (name, test, kind)
        for name, kind in _kinds(source, layout).items()
        if (test := _test(source, layout, name, kind))
    ]
    if not tests:
        return []
    counts = ", ".join(f"count(*) filter (where {test})" for _, test, _ in tests)
    row = connection.execute(f"select {counts} from {source.relation}").fetchone()
    assert row is not None
    return [test for test, rows in zip(tests, row, strict=True) if rows]


def _kinds(source: Source, layout: Layout | None) -> dict[str, Kind]:
    """What each column must hold, by the file's own name; texts are left out."""
    kinds: dict[str, Kind] = {}
    if layout is None:
        for target, name in focus.focus_names(source.columns).items():
            stored = focus.stored_columns()[target]
            if stored != "VARCHAR":
                kinds[name] = "a time" if stored == "TIMESTAMP" else "a decimal number"
        return kinds
    for column, given in columns_of(layout, source.columns).items():
        if column in layout.numbers | layout.times:
            kind: Kind = "a decimal number" if column in layout.numbers else "a time"
            kinds |= dict.fromkeys(given, kind)
        elif column in layout.credits:
            kinds |= dict.fromkeys(given, "a JSON list of credits")
    return kinds


def _test(source: Source, layout: Layout | None, name: str, kind: Kind) -> str | None:
    """SQL that is true of a value that can't be read; None where the type rules that out."""
    column, type_ = source.columns[name], source.types[name]
    if not focus.fits(type_, kind):
        return f"{column} is not null"
    if kind == "a JSON list of credits":
        text = text_sql(source, name)
        return (
            None
            if _WITH_AMOUNT.fullmatch(type_)
            else f"try(credit_sum({text})) is null and {text} is not null"
        )
    if type_ in ("DOUBLE", "FLOAT"):
        return f"not (abs({column}) < 1e19)"
    if type_ != "VARCHAR":
        too_large = f"{column} is not null and try_cast({column} as decimal(38, 18)) is null"
        return too_large if _is_wide(type_) else None
    text = text_sql(source, name)
    for null in sorted(layout.nulls) if layout else ():
        text = f"nullif({text}, {literal(null)})"
    if kind == "a time":
        return f"{text} is not null and not coalesce(isfinite(try(moment({text}))), false)"
    read = "number" if layout else "amount"
    return f"{text} is not null and try({read}({text})) is null"


def _is_wide(type_: str) -> bool:
    """Whether it holds numbers of more than the 20 digits before the point that are stored."""
    digits = _DECIMAL.fullmatch(type_)
    return digits is not None and int(digits[1]) - int(digits[2]) > 20
