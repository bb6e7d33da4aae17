"""What the `connect` of a cloud takes, read from its signature: for settings, docs and checks."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from inspect import Parameter, signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

WORDS: Mapping[Any, str] = {
    str: "text", Path: "text", int: "whole number", float: "number", Decimal: "number",
    bool: "true or false", date: "date", datetime: "time",
}  # fmt: skip
FOUND: Mapping[type, str] = {
    str: "a text", bool: "true or false", int: "a whole number", float: "a number",
    list: "a list", dict: "a mapping", NoneType: "nothing",
}  # fmt: skip
_STARRED = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)


@dataclass(frozen=True)
class Option:
    """One option of a source; `kind` says in words what its value must be."""

    name: str
    kind: str
    is_needed: bool
    default: Any
    annotation: Any


def options_of(connect: Callable[..., Any]) -> list[Option]:
    """The options of a source of this cloud, in the order of the signature."""
    return [
        Option(
            one.name,
            words(one.annotation),
            is_needed=one.default is Parameter.empty,
            default=None if one.default is Parameter.empty else one.default,
            annotation=one.annotation,
        )
        for one in _parameters(connect)
        if one.kind not in _STARRED
    ]


def misfit(connect: Callable[..., Any], given: Mapping[str, Any]) -> str | None:
    """Why these options are not what `connect` takes. Values are not told: they may be secret."""
    known = {option.name: option for option in options_of(connect)}
    takes_any = any(one.kind is Parameter.VAR_KEYWORD for one in _parameters(connect))
    for name in given if not takes_any else ():
        if name not in known:
            return f"there is no option {name!r}{did_you_mean(name, list(known))}"
    for name, option in known.items():
        if option.is_needed and name not in given:
            return f"the option {name!r} ({option.kind}) is missing"
        if name in given and not _fits(option.annotation, given[name]):
            quote = "; write it in quotes" if _lacks_quotes(option.kind, given[name]) else ""
            return f"{name!r} is {found(given[name])}, but must be {option.kind}{quote}"
    return None


def words(annotation: Any) -> str:
    """A type as a reader of the settings would say it.

    >>> words(str | None), words(Sequence[str]), words(Literal["a", "b"])
    ('text', 'list of text', 'one of a, b')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " or ".join(words(one) for one in inner if one is not NoneType)
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin is Annotated:
        return words(inner[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of text to {words(inner[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence | set | frozenset):
        return f"list of {words(inner[0])}"
    return WORDS.get(annotation) or "any value"


def found(value: Any) -> str:
    """The type of a value that was read from YAML, in words."""
    return FOUND.get(type(value), f"a {type(value).__name__}")


def did_you_mean(name: object, known: Sequence[str]) -> str:
    """A guess at what was meant, to be put behind the name; empty if nothing is close."""
    close = get_close_matches(str(name), known, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _parameters(connect: Callable[..., Any]) -> Iterator[Parameter]:
    try:
        return iter(signature(connect, eval_str=True).parameters.values())
    except (AttributeError, NameError):  # a type that is imported for type checkers only
        return iter(signature(connect).parameters.values())


def _fits(annotation: Any, value: Any) -> bool:
    """Whether a value read from YAML is of the type; what can't be told fits."""
    if annotation is Parameter.empty or isinstance(annotation, str):
        return True
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        adapter.validate_json(json.dumps(value, default=_text), strict=True)
    except ValidationError:
        return False
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError):
        return True
    return True


def _text(value: Any) -> str:
    if isinstance(value, date | Path):
        return str(value)
    raise TypeError


def _lacks_quotes(kind: str, value: Any) -> bool:
    return "text" in kind and isinstance(value, int | float | date)
