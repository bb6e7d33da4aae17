"""The part of DigitalOcean's official API description that our readers call.

Run as a program, it takes that part out of the whole description: see PROVENANCE.md.
"""

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("openapi.json.gz")
PATHS = (
    "/v2/account", "/v2/customers/my/invoices", "/v2/customers/my/invoices/{invoice_uuid}",
    "/v2/customers/my/invoices/{invoice_uuid}/summary", "/v2/customers/my/billing_history",
    "/v2/customers/my/balance",
    "/v2/regions", "/v2/droplets", "/v2/volumes", "/v2/snapshots", "/v2/reserved_ips",
    "/v2/reserved_ipv6", "/v2/load_balancers", "/v2/databases", "/v2/kubernetes/clusters",
    "/v2/spaces/keys", "/v2/firewalls", "/v2/domains", "/v2/vpcs", "/v2/sizes",
    "/v2/monitoring/metrics/droplet/cpu", "/v2/monitoring/metrics/droplet/memory_total",
    "/v2/monitoring/metrics/droplet/memory_available", "/v2/monitoring/metrics/droplet/bandwidth",
    "/v2/monitoring/metrics/droplet/filesystem_free",
    "/v2/monitoring/metrics/droplet/filesystem_size",
)  # fmt: skip
"""The paths that are read, each by GET."""


@cache
def description() -> Mapping[str, Any]:
    """The description, as OpenAPI 3.0."""
    return json.loads(gzip.decompress(FILE.read_bytes()))


def scopes(path: str) -> list[str]:
    """The token scopes that the description names for reading a path."""
    [security] = description()["paths"][path]["get"]["security"]
    return security["bearer_auth"]


def cut(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Only the paths above and what they refer to; without texts for people."""
    paths = {path: {"get": whole["paths"][path]["get"]} for path in PATHS}
    part: dict[str, Any] = {"openapi": whole["openapi"], "info": {"title": "DigitalOcean API",
            "version": whole["info"]["version"], "license": whole["info"].get("license")},
            "paths": _bare(paths), "components": {}}  # fmt: skip
    part["components"]["securitySchemes"] = _bare(whole["components"]["securitySchemes"])
    waiting = list(_references(part["paths"]))
    while waiting:
        _, _, section, name = waiting.pop().split("/")
        known = part["components"].setdefault(section, {})
        if name not in known:
            known[name] = _bare(whole["components"][section][name])
            waiting += _references(known[name])
    return part


def _bare(node: Any) -> Any:
    """Without code samples and texts for people; examples stay as they are."""
    if isinstance(node, list):
        return [_bare(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value if key in ("example", "examples", "value") else _bare(value)
        for key, value in node.items()
        if key != "x-codeSamples" and not (key == "description" and _is_of_schema(node))
    }


def _is_of_schema(node: Mapping[str, Any]) -> bool:
    """Whether a description is one of a schema, and no property of that name, nor an answer's."""
    return isinstance(node["description"], str) and not {"content", "headers"} & node.keys()


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _references(each)


if __name__ == "__main__":
    import yaml

    given = gzip.decompress(Path(sys.argv[1]).read_bytes())
    text = json.dumps(cut(yaml.load(given, Loader=yaml.CSafeLoader)), sort_keys=True)
    FILE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
