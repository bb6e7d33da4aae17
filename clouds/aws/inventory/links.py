"""What connects networks: private endpoints, firewalls, VPNs, interfaces and health checks."""

from collections.abc import Iterator

from clouds.aws.place import Payload, Place, Reader, Record, record, tags_by_arn, tags_of, utc


def fetch_private_endpoints(place: Place) -> Iterator[Payload]:
    """Pages of VPC endpoints that cost something: those of type gateway are free."""
    kinds = [{"Name": "vpc-endpoint-type", "Values": ["Interface", "GatewayLoadBalancer"]}]
    return place.pages("ec2", "describe_vpc_endpoints", Filters=kinds)


def parse_private_endpoints(page: Payload, place: Place) -> Iterator[Record]:
    """One record per endpoint, by the ARN that bills use."""
    for found in page.get("VpcEndpoints", ()):
        state = str(found.get("State")).lower()
        if found.get("VpcEndpointType") == "Gateway" or state in ("deleting", "deleted"):
            continue
        tags = tags_of(found.get("Tags"))
        yield record(
            place, "private_endpoint", place.arn("ec2", f"vpc-endpoint/{found['VpcEndpointId']}"),
            name=tags.get("Name") or found["VpcEndpointId"],
            sku={"GatewayLoadBalancer": "gateway_load_balancer"}.get(
                found.get("VpcEndpointType", ""), "interface"
            ),
            state="active" if state == "available" else state,
            created_at=utc(found.get("CreationTimestamp")), member_of=found.get("VpcId"), tags=tags,
            config={"service": found.get("ServiceName"), "zones": len(found.get("SubnetIds", ()))},
        )  # fmt: skip


def fetch_firewalls(place: Place) -> Iterator[Payload]:
    """Pages of network firewalls, each with the tags of all of them (`Tags`)."""
    tags = tags_by_arn(place, "network-firewall:firewall")
    for page in place.pages("network-firewall", "list_firewalls"):
        yield {**page, "Tags": tags}


def parse_firewalls(page: Payload, place: Place) -> Iterator[Record]:
    """One record per firewall."""
    for found in page.get("Firewalls", ()):
        yield record(
            place, "firewall", found["FirewallArn"], name=found["FirewallName"], state="active",
            tags=page["Tags"].get(found["FirewallArn"], {}),
        )  # fmt: skip


def fetch_vpns(place: Place) -> Iterator[Payload]:
    """All site-to-site VPN connections; the API does not page them."""
    return place.pages("ec2", "describe_vpn_connections")


def parse_vpns(page: Payload, place: Place) -> Iterator[Record]:
    """One record per connection, with how many tunnels are up and since when none has changed.

    The configuration for the other side, which holds its key, is left out.
    """
    for found in page.get("VpnConnections", ()):
        if found.get("State") in ("deleting", "deleted"):
            continue
        tags = tags_of(found.get("Tags"))
        tunnels = found.get("VgwTelemetry", ())
        changed = [time for each in tunnels if (time := utc(each.get("LastStatusChange")))]
        up = sum(each.get("Status") == "UP" for each in tunnels)
        yield record(
            place, "vpn_connection", place.arn("ec2", f"vpn-connection/{found['VpnConnectionId']}"),
            name=tags.get("Name") or found["VpnConnectionId"], sku=found.get("Type"),
            state="active" if found.get("State") == "available" else found.get("State"),
            state_since=max(changed, default=None),
            tags=tags,
            config={"tunnels": len(tunnels) or None, "tunnels_up": up if tunnels else None},
        )  # fmt: skip


def fetch_interfaces(place: Place) -> Iterator[Payload]:
    """Pages of network interfaces."""
    return place.pages("ec2", "describe_network_interfaces", PaginationConfig={"PageSize": 1000})


def parse_interfaces(page: Payload, place: Place) -> Iterator[Record]:
    """One record per network interface; one in use by no instance is AWS's own."""
    for found in page.get("NetworkInterfaces", ()):
        tags = tags_of(found.get("TagSet"))
        attachment = found.get("Attachment", {})
        yield record(
            place, "network_interface", found["NetworkInterfaceId"],
            zone=found.get("AvailabilityZone"), name=tags.get("Name"),
            sku=found.get("InterfaceType"), state=str(found.get("Status")).replace("-", "_"),
            state_since=utc(attachment.get("AttachTime")),
            attached_to=attachment.get("InstanceId"),
            member_of=found.get("SubnetId"), tags=tags,
            config={
                "made_by_aws": found.get("RequesterManaged"),
                "security_groups": ",".join(each["GroupId"] for each in found.get("Groups", ())),
            },
        )  # fmt: skip


def fetch_health_checks(place: Place) -> Iterator[Payload]:
    """Pages of health checks, each with those that a record or another check needs (`Needed`)."""
    pages = list(place.pages("route53", "list_health_checks"))
    checks = [check for page in pages for check in page.get("HealthChecks", ())]
    if checks:
        needed = _in_records(place) | {
            child
            for check in checks
            for child in check["HealthCheckConfig"].get("ChildHealthChecks", ())
        }
        yield {"HealthChecks": checks, "Needed": needed}


def parse_health_checks(page: Payload, place: Place) -> Iterator[Record]:
    """One record per health check of Route 53, and whether a record or another check needs it."""
    for found in page["HealthChecks"]:
        config = found["HealthCheckConfig"]
        yield record(
            place, "health_check",
            f"arn:{place.account.partition}:route53:::healthcheck/{found['Id']}",
            name=config.get("FullyQualifiedDomainName") or config.get("IPAddress"),
            sku=config["Type"].lower(), state="disabled" if config.get("Disabled") else "active",
            config={
                "used": found["Id"] in page["Needed"],
                "alarm": "CloudWatchAlarmConfiguration" in found,
                "made_by_aws": "LinkedService" in found,
            },
        )  # fmt: skip


READERS = (
    Reader("private_endpoint", "region", fetch_private_endpoints, parse_private_endpoints),
    Reader("firewall", "region", fetch_firewalls, parse_firewalls),
    Reader("vpn_connection", "region", fetch_vpns, parse_vpns),
    Reader("network_interface", "region", fetch_interfaces, parse_interfaces),
    Reader("health_check", "global", fetch_health_checks, parse_health_checks),
)


def _in_records(place: Place) -> set[str]:
    """The health checks that any record of any zone names."""
    return {
        str(found["HealthCheckId"])
        for zones in place.pages("route53", "list_hosted_zones")
        for zone in zones.get("HostedZones", ())
        for page in place.pages("route53", "list_resource_record_sets", HostedZoneId=zone["Id"])
        for found in page.get("ResourceRecordSets", ())
        if "HealthCheckId" in found
    }
