"""What a network security group of Azure leaves open to everybody."""

from typing import Any

from clouds.azure.open_ports import open_ports


def rule(priority: int, port: str | list[str], **facts: Any) -> dict[str, Any]:
    ports = {"destinationPortRanges": port} if isinstance(port, list) else {
        "destinationPortRange": port}  # fmt: skip
    usual = {"direction": "Inbound", "access": "Allow", "protocol": "Tcp",
             "sourceAddressPrefix": "*"}  # fmt: skip
    return {"name": "r", "properties": {"priority": priority, **usual, **ports, **facts}}


def test_ports_that_everybody_may_reach_are_told() -> None:
    assert open_ports([rule(100, "22"), rule(110, ["443", "8000-8100"])]) == "22,443,8000-8100"
    assert open_ports([rule(100, "*", protocol="*", sourceAddressPrefix="Internet")]) == "all"


def test_rules_for_some_or_outwards_or_of_other_protocols_open_nothing() -> None:
    assert open_ports([
        rule(100, "22", sourceAddressPrefix="10.0.0.0/8"), rule(110, "22", direction="Outbound"),
        rule(120, "22", protocol="Udp"), rule(130, "22", access="Deny"),
    ]) is None  # fmt: skip


def test_a_rule_that_comes_before_closes_what_it_forbids_everybody() -> None:
    deny = {"access": "Deny"}
    assert open_ports([rule(200, "22"), rule(100, "1-1024", **deny)]) is None
    assert open_ports([rule(100, "22"), rule(200, "22", **deny)]) == "22"
    partly = rule(100, "22", sourceAddressPrefix="192.0.2.0/24", **deny)
    assert open_ports([partly, rule(200, "22")]) == "22"


def test_prefixes_in_a_list_count() -> None:
    several = rule(
        100, "3389", sourceAddressPrefix=None, sourceAddressPrefixes=["10.1.0.0/16", "Any"]
    )
    assert open_ports([several]) == "3389"
