"""What is rented to work on data or to sit at: Spark clusters, endpoints of models, desktops."""

from collections.abc import Iterator

from clouds.aws.place import Payload, Place, Reader, Record, record, tags_by_arn, tags_of, utc

ALIVE = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
GONE = ("TERMINATING", "TERMINATED")


def fetch_spark_clusters(place: Place) -> Iterator[Payload]:
    """Each EMR cluster that lives, one call for each."""
    for page in place.pages("emr", "list_clusters", ClusterStates=list(ALIVE)):
        for each in page.get("Clusters", ()):
            yield place.call("emr", "describe_cluster", ClusterId=each["Id"])["Cluster"]


def parse_spark_clusters(found: Payload, place: Place) -> Iterator[Record]:
    """One record per cluster; its machines are instances with a tag of it."""
    yield record(
        place, "spark_cluster", place.arn("elasticmapreduce", f"cluster/{found['Id']}"),
        name=found.get("Name"), sku=found.get("ReleaseLabel"),
        state=found["Status"]["State"].lower(),
        created_at=utc(found["Status"].get("Timeline", {}).get("CreationDateTime")),
        tags=tags_of(found.get("Tags")),
        config={"id": found["Id"], "ends_by_itself": found.get("AutoTerminate"),
                "protected": found.get("TerminationProtected")},
    )  # fmt: skip


def fetch_ml_endpoints(place: Place) -> Iterator[Payload]:
    """Each SageMaker endpoint with its tags (`Tags`), one call for each."""
    tags = tags_by_arn(place, "sagemaker:endpoint")
    for page in place.pages("sagemaker", "list_endpoints"):
        for each in page.get("Endpoints", ()):
            found = place.call("sagemaker", "describe_endpoint", EndpointName=each["EndpointName"])
            yield {**found, "Tags": tags.get(found["EndpointArn"], {})}


def parse_ml_endpoints(found: Payload, place: Place) -> Iterator[Record]:
    """One record per endpoint; `variant` is its only variant, null if there are several."""
    variants = found.get("ProductionVariants", ())
    serverless = any("CurrentServerlessConfig" in each for each in variants)
    yield record(
        place, "ml_endpoint", found["EndpointArn"], name=found["EndpointName"],
        sku="serverless" if serverless else "instances",
        state="active" if found["EndpointStatus"] == "InService" else found["EndpointStatus"],
        created_at=utc(found.get("CreationTime")), tags=found["Tags"],
        config={
            "variants": len(variants),
            "variant": variants[0]["VariantName"] if len(variants) == 1 else None,
            "instances": sum(each.get("CurrentInstanceCount", 0) for each in variants),
            "is_async": "AsyncInferenceConfig" in found,
        },
    )  # fmt: skip


def fetch_desktops(place: Place) -> Iterator[Payload]:
    """Pages of WorkSpaces, each with when somebody last used one, and tags (`Used`, `Tags`)."""
    if not place.has("workspaces"):
        return
    used = {
        each["WorkspaceId"]: each.get("LastKnownUserConnectionTimestamp")
        for page in place.pages("workspaces", "describe_workspaces_connection_status")
        for each in page.get("WorkspacesConnectionStatus", ())
    }
    tags = tags_by_arn(place, "workspaces:workspace")
    for page in place.pages("workspaces", "describe_workspaces"):
        yield {**page, "Used": used, "Tags": tags}


def parse_desktops(page: Payload, place: Place) -> Iterator[Record]:
    """One record per WorkSpace, without its user's name.

    `last_used` is the month in which somebody last connected: a day would change daily. It is
    `never` where the service knows the WorkSpace and no connection.
    """
    for found in page.get("Workspaces", ()):
        if found["State"] in GONE:
            continue
        name = found["WorkspaceId"]
        arn = place.arn("workspaces", f"workspace/{name}")
        properties = found.get("WorkspaceProperties", {})
        mode = properties.get("RunningMode")
        connected = utc(page["Used"].get(name))
        yield record(
            place, "desktop", arn, name=name, sku=properties.get("ComputeTypeName"),
            state=found["State"].lower(),
            tags=page["Tags"].get(arn, {}),
            config={
                "mode": mode.lower() if mode else None,
                "last_used": f"{connected:%Y-%m}" if connected
                else "never" if name in page["Used"] else None,
            },
        )  # fmt: skip


READERS = (
    Reader("spark_cluster", "region", fetch_spark_clusters, parse_spark_clusters),
    Reader("ml_endpoint", "region", fetch_ml_endpoints, parse_ml_endpoints),
    Reader("desktop", "region", fetch_desktops, parse_desktops),
)
