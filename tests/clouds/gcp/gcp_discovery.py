"""Holds a message against the discovery document that Google publishes for its API."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jsonschema


def check(api: str, schema: str, body: Mapping[str, Any]) -> None:
    """Raise `jsonschema.ValidationError` unless the body is a message of that schema."""
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"#/definitions/{schema}", "definitions": _definitions(api)}
    )
    validator.validate(body)


@cache
def _definitions(api: str) -> dict[str, Any]:
    documents = resources.files("googleapiclient.discovery_cache") / "documents"
    schemas = json.loads((documents / f"{api}.json").read_text())["schemas"]
    return {name: _schema(node) for name, node in schemas.items()}


def _schema(node: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": f"#/definitions/{node['$ref']}"}
    made = {key: node[key] for key in ("type", "enum") if key in node and node[key] != "any"}
    if "items" in node:
        made["items"] = _schema(node["items"])
    if "properties" in node:
        made["properties"] = {name: _schema(each) for name, each in node["properties"].items()}
        made["additionalProperties"] = False
    elif "additionalProperties" in node:
        made["additionalProperties"] = _schema(node["additionalProperties"])
    return made
