"""Clusters of containers, and functions."""

from collections.abc import Iterator

from clouds.aws.inventory.stores import scalable
from clouds.aws.place import Payload, Place, Reader, Record, record, tags_by_arn, tags_of, utc

MOST_DESCRIBED = 10  # services in one call


def fetch_clusters(place: Place) -> Iterator[Payload]:
    """ECS clusters a page at a time, then EKS clusters one by one."""
    for page in place.pages("ecs", "list_clusters"):
        if arns := page.get("clusterArns"):
            yield place.call("ecs", "describe_clusters", clusters=arns, include=["TAGS"])
    for page in place.pages("eks", "list_clusters"):
        for name in page.get("clusters", ()):
            yield place.call("eks", "describe_cluster", name=name)


def parse_clusters(page: Payload, place: Place) -> Iterator[Record]:
    """One record per cluster, of either service."""
    for found in page.get("clusters", ()):
        if found["status"] == "INACTIVE":
            continue
        yield record(
            place, "cluster", found["clusterArn"], name=found["clusterName"], sku="ecs",
            state=found["status"].lower(), tags=tags_of(found.get("tags")),
            config={
                "instances": found.get("registeredContainerInstancesCount"),
                "services": found.get("activeServicesCount"),
                "tasks": found.get("runningTasksCount"),
            },
        )  # fmt: skip
    if found := page.get("cluster"):
        yield record(
            place, "cluster", found["arn"], name=found["name"], sku="eks",
            state=found["status"].lower(), created_at=utc(found.get("createdAt")),
            member_of=found.get("resourcesVpcConfig", {}).get("vpcId"),
            tags=found.get("tags") or {}, config={"version": found.get("version")},
        )  # fmt: skip


def fetch_functions(place: Place) -> Iterator[Payload]:
    """Pages of Lambda functions, each with the tags of all of them (`Tags`)."""
    tags = tags_by_arn(place, "lambda:function")
    for page in place.pages("lambda", "list_functions"):
        yield {**page, "Tags": tags}


def parse_functions(page: Payload, place: Place) -> Iterator[Record]:
    """One record per function."""
    for found in page.get("Functions", ()):
        memory = found.get("MemorySize")
        yield record(
            place, "function", found["FunctionArn"], name=found["FunctionName"],
            sku=str(memory) if memory else None, state=(found.get("State") or "Active").lower(),
            tags=page["Tags"].get(found["FunctionArn"], {}),
            config={
                "memory_mib": memory, "runtime": found.get("Runtime"),
                "architecture": next(iter(found.get("Architectures") or ()), None),
                "timeout_seconds": found.get("Timeout"),
            },
        )  # fmt: skip


def fetch_services(place: Place) -> Iterator[Payload]:
    """The services of each ECS cluster, ten in a call, with what scales them (`Scaled`)."""
    scaled: set[str] | None = None
    for clusters in place.pages("ecs", "list_clusters"):
        for cluster in clusters.get("clusterArns", ()):
            pages = place.pages("ecs", "list_services", cluster=cluster)
            arns = [arn for page in pages for arn in page.get("serviceArns", ())]
            for start in range(0, len(arns), MOST_DESCRIBED):
                if scaled is None:
                    scaled = scalable(place, "ecs")
                some = arns[start : start + MOST_DESCRIBED]
                answer = place.call(
                    "ecs", "describe_services", cluster=cluster, services=some, include=["TAGS"]
                )
                yield {**answer, "Scaled": scaled}


def parse_services(page: Payload, place: Place) -> Iterator[Record]:
    """One record per service of ECS that is in use, a member of its cluster."""
    for found in page.get("services", ()):
        if found["status"] != "ACTIVE":
            continue
        cluster, name = found["clusterArn"].rsplit("/", 1)[-1], found["serviceName"]
        providers = [each["capacityProvider"] for each in found.get("capacityProviderStrategy", ())]
        launch = found.get("launchType") or next(iter(providers), None)
        yield record(
            place, "container_service", found["serviceArn"], name=name,
            sku=launch.lower() if launch else None, state="active",
            created_at=utc(found.get("createdAt")), member_of=found["clusterArn"],
            tags=tags_of(found.get("tags")),
            config={
                "cluster": cluster, "tasks": found.get("desiredCount"),
                "scheduling": found.get("schedulingStrategy", "REPLICA").lower(),
                "autoscaling": f"service/{cluster}/{name}" in page["Scaled"],
            },
        )  # fmt: skip


READERS = (
    Reader("cluster", "region", fetch_clusters, parse_clusters),
    Reader("function", "region", fetch_functions, parse_functions),
    Reader("container_service", "region", fetch_services, parse_services),
)
