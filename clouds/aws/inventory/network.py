"""Addresses, gateways, load balancers, networks, DNS zones and distributions."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from clouds.aws.place import Payload, Place, Reader, Record, record, tags_of, utc
from clouds.ports import ALL, LAST, listed

MOST_TAGGED = 20  # load balancers in one call about tags


def fetch_addresses(place: Place) -> Iterator[Payload]:
    """All Elastic IPs; the API does not page them."""
    return place.pages("ec2", "describe_addresses")


def parse_addresses(page: Payload, place: Place) -> Iterator[Record]:
    """One record per address; what uses it is an instance or a network interface."""
    for found in page.get("Addresses", ()):
        tags = tags_of(found.get("Tags"))
        user = found.get("InstanceId") or found.get("NetworkInterfaceId") or None
        yield record(
            place, "address", found.get("AllocationId") or found["PublicIp"],
            name=tags.get("Name"), sku="static", state="in_use" if user else "available",
            attached_to=user, tags=tags, config={"ip": found.get("PublicIp")},
        )  # fmt: skip


def fetch_nat_gateways(place: Place) -> Iterator[Payload]:
    """Pages of NAT gateways, each with the number of routes that lead to one (`Routes`)."""
    routes: dict[str, int] = {}
    for page in place.pages("ec2", "describe_route_tables"):
        for table in page.get("RouteTables", ()):
            for route in table.get("Routes", ()):
                if gateway := route.get("NatGatewayId"):
                    routes[gateway] = routes.get(gateway, 0) + 1
    for page in place.pages("ec2", "describe_nat_gateways"):
        yield {**page, "Routes": routes}


def parse_nat_gateways(page: Payload, place: Place) -> Iterator[Record]:
    """One record per NAT gateway that still exists."""
    for found in page.get("NatGateways", ()):
        if found["State"] in ("deleted", "deleting"):
            continue
        tags = tags_of(found.get("Tags"))
        yield record(
            place, "nat_gateway", found["NatGatewayId"], name=tags.get("Name"), sku="standard",
            state="active" if found["State"] == "available" else found["State"],
            created_at=utc(found.get("CreateTime")), member_of=found.get("VpcId"), tags=tags,
            config={
                "routes": page["Routes"].get(found["NatGatewayId"], 0),
                "subnet": found.get("SubnetId"), "connectivity": found.get("ConnectivityType"),
            },
        )  # fmt: skip


def fetch_load_balancers(place: Place) -> Iterator[Payload]:
    """Load balancers of a page with their tags and targets, then the classic ones."""
    targets = _targets(place)
    for page in place.pages("elbv2", "describe_load_balancers"):
        found = page.get("LoadBalancers", ())
        tags: dict[str, Any] = {}
        for arns in _batches([each["LoadBalancerArn"] for each in found], MOST_TAGGED):
            answer = place.call("elbv2", "describe_tags", ResourceArns=arns)
            tags |= {each["ResourceArn"]: each.get("Tags") for each in answer["TagDescriptions"]}
        yield {"LoadBalancers": found, "Tags": tags, "Targets": targets}
    for page in place.pages("elb", "describe_load_balancers"):
        found = page.get("LoadBalancerDescriptions", ())
        tags = {}
        for names in _batches([each["LoadBalancerName"] for each in found], MOST_TAGGED):
            answer = place.call("elb", "describe_tags", LoadBalancerNames=names)
            tags |= {each["LoadBalancerName"]: each["Tags"] for each in answer["TagDescriptions"]}
        yield {"Classic": found, "Tags": tags}


def parse_load_balancers(page: Payload, place: Place) -> Iterator[Record]:
    """One record per load balancer, with how many targets it has."""
    for found in page.get("LoadBalancers", ()):
        arn = found["LoadBalancerArn"]
        targets = page["Targets"].get(arn, {"all": 0, "healthy": 0})
        yield record(
            place, "load_balancer", arn, name=found["LoadBalancerName"], sku=found["Type"],
            state=found.get("State", {}).get("Code"), created_at=utc(found["CreatedTime"]),
            member_of=found.get("VpcId"), tags=tags_of(page["Tags"].get(arn)),
            config={
                "targets": targets["all"], "healthy_targets": targets["healthy"],
                "scheme": found.get("Scheme"),
            },
        )  # fmt: skip
    for found in page.get("Classic", ()):
        name = found["LoadBalancerName"]
        yield record(
            place, "load_balancer", place.arn("elasticloadbalancing", f"loadbalancer/{name}"),
            name=name, sku="classic", state="active", created_at=utc(found["CreatedTime"]),
            member_of=found.get("VPCId"), tags=tags_of(page["Tags"].get(name)),
            config={"targets": len(found.get("Instances", ())), "scheme": found.get("Scheme")},
        )  # fmt: skip


def fetch_networks(place: Place) -> Iterator[Payload]:
    """Pages of VPCs."""
    return place.pages("ec2", "describe_vpcs")


def parse_networks(page: Payload, place: Place) -> Iterator[Record]:
    """One record per VPC."""
    for found in page.get("Vpcs", ()):
        tags = tags_of(found.get("Tags"))
        config = {"default": found.get("IsDefault"), "range": found.get("CidrBlock")}
        yield record(place, "network", found["VpcId"], name=tags.get("Name"),
                     state=found.get("State"), tags=tags, config=config)  # fmt: skip


def fetch_subnets(place: Place) -> Iterator[Payload]:
    """Pages of subnets."""
    return place.pages("ec2", "describe_subnets")


def parse_subnets(page: Payload, place: Place) -> Iterator[Record]:
    """One record per subnet, a member of its VPC."""
    for found in page.get("Subnets", ()):
        tags = tags_of(found.get("Tags"))
        yield record(
            place, "subnet", found["SubnetId"], zone=found.get("AvailabilityZone"),
            name=tags.get("Name"), state=found.get("State"), member_of=found.get("VpcId"),
            tags=tags, config={"range": found.get("CidrBlock")},
        )  # fmt: skip


def fetch_security_groups(place: Place) -> Iterator[Payload]:
    """Pages of security groups."""
    return place.pages("ec2", "describe_security_groups")


def parse_security_groups(page: Payload, place: Place) -> Iterator[Record]:
    """One record per security group; `open_to_world` counts rules that let in everybody.

    `open_ports` are the TCP ports at which they do.
    """
    for found in page.get("SecurityGroups", ()):
        rules = found.get("IpPermissions", ())
        yield record(
            place, "security_group", found["GroupId"], name=found.get("GroupName"), state="active",
            member_of=found.get("VpcId"), tags=tags_of(found.get("Tags")),
            config={
                "rules": len(rules), "open_to_world": sum(_is_open(rule) for rule in rules),
                "open_ports": listed(_ports(rules)),
            },
        )  # fmt: skip


def fetch_zones(place: Place) -> Iterator[Payload]:
    """Pages of hosted zones."""
    return place.pages("route53", "list_hosted_zones")


def parse_zones(page: Payload, place: Place) -> Iterator[Record]:
    """One record per hosted zone; its tags are not asked for."""
    for found in page.get("HostedZones", ()):
        zone = found["Id"].removeprefix("/hostedzone/")
        yield record(
            place, "dns_zone", f"arn:{place.account.partition}:route53:::hostedzone/{zone}",
            name=found["Name"].rstrip("."), state="active",
            config={
                "records": found.get("ResourceRecordSetCount"),
                "private": found.get("Config", {}).get("PrivateZone"),
            },
        )  # fmt: skip


def fetch_distributions(place: Place) -> Iterator[Payload]:
    """Pages of CloudFront distributions."""
    return place.pages("cloudfront", "list_distributions")


def parse_distributions(page: Payload, place: Place) -> Iterator[Record]:
    """One record per distribution; its tags are not asked for."""
    for found in page.get("DistributionList", {}).get("Items", ()):
        yield record(
            place, "cdn", found["ARN"], name=found["DomainName"], sku=found.get("PriceClass"),
            state=found["Status"].lower(), config={"enabled": found.get("Enabled")},
        )  # fmt: skip


READERS = (
    Reader("address", "region", fetch_addresses, parse_addresses),
    Reader("nat_gateway", "region", fetch_nat_gateways, parse_nat_gateways),
    Reader("load_balancer", "region", fetch_load_balancers, parse_load_balancers),
    Reader("network", "region", fetch_networks, parse_networks),
    Reader("subnet", "region", fetch_subnets, parse_subnets),
    Reader("security_group", "region", fetch_security_groups, parse_security_groups),
    Reader("dns_zone", "global", fetch_zones, parse_zones),
    Reader("cdn", "global", fetch_distributions, parse_distributions),
)


def _targets(place: Place) -> dict[str, dict[str, int]]:
    """How many targets each load balancer has, and how many of them are healthy."""
    counts: dict[str, dict[str, int]] = {}
    for page in place.pages("elbv2", "describe_target_groups"):
        for group in page.get("TargetGroups", ()):
            health = place.call(
                "elbv2", "describe_target_health", TargetGroupArn=group["TargetGroupArn"]
            )
            states = [each["TargetHealth"]["State"] for each in health["TargetHealthDescriptions"]]
            for arn in group.get("LoadBalancerArns", ()):
                count = counts.setdefault(arn, {"all": 0, "healthy": 0})
                count["all"] += len(states)
                count["healthy"] += states.count("healthy")
    return counts


def _is_open(rule: Payload) -> bool:
    ranges = [each.get("CidrIp") for each in rule.get("IpRanges", ())]
    ranges += [each.get("CidrIpv6") for each in rule.get("Ipv6Ranges", ())]
    return "0.0.0.0/0" in ranges or "::/0" in ranges


def _ports(rules: Sequence[Payload]) -> Iterator[tuple[int, int]]:
    """The TCP ports that everybody may reach, as first and last."""
    for rule in rules:
        if _is_open(rule) and rule.get("IpProtocol") == "-1":
            yield ALL
        elif _is_open(rule) and rule.get("IpProtocol") in ("tcp", "6"):
            yield rule.get("FromPort", 0), rule.get("ToPort", LAST)


def _batches(names: Sequence[str], size: int) -> Iterator[list[str]]:
    remaining = iter(names)
    while batch := list(islice(remaining, size)):
        yield batch
