"""Read what Azure Resource Graph says about managed services: pure, payload in, row out."""

from collections.abc import Mapping
from typing import Any

from clouds.azure.facts import Record, Row, at, flag, id_of, lower, record, text, time


def app_plan(row: Row) -> Record:
    """An App Service plan: machines for web apps and functions, paid whether an app is there."""
    facts = row["properties"]
    return record(
        row,
        sku=at(row, "sku", "name"),
        state="active",
        config={
            "apps": text(facts.get("numberOfSites")),
            "tier": lower(at(row, "sku", "tier")),
            "workers": text(facts.get("numberOfWorkers") or at(row, "sku", "capacity")),
            "autoscaling": flag(facts.get("elasticScaleEnabled")),
        },
    )


def elastic_pool(row: Row) -> Record:
    """An elastic pool; its databases are its members."""
    facts = row["properties"]
    return record(
        row,
        sku=at(row, "sku", "name"),
        state=lower(facts.get("state")),
        created_at=time(facts.get("creationDate")),
        config={
            "tier": lower(at(row, "sku", "tier")),
            "capacity": text(at(row, "sku", "capacity")),
        },
    )


def document_account(row: Row) -> Record:
    """An account of Cosmos DB; what its containers may do only Azure Monitor tells."""
    facts = row["properties"]
    able = {str(each.get("name")).lower() for each in facts.get("capabilities") or []}
    return record(
        row,
        sku="serverless" if "enableserverless" in able else "provisioned",
        state="active",
        config={
            "api": lower(row.get("kind")),
            "free_tier": flag(facts.get("enableFreeTier")),
            "regions": text(len(facts.get("locations") or [])),
            "backup": lower(at(facts, "backupPolicy", "type")),
        },
    )


def sql_machine(row: Row) -> Record:
    """SQL Server on a virtual machine, which it is attached to: edition and licence."""
    facts = row["properties"]
    return record(
        row,
        sku=lower(facts.get("sqlImageSku")),
        state="active",
        attached_to=id_of(facts.get("virtualMachineResourceId")),
        config={
            "licence": lower(facts.get("sqlServerLicenseType")),
            "image": facts.get("sqlImageOffer"),
        },
    )


def backup_item(row: Row) -> Record:
    """What a Recovery Services vault keeps copies of."""
    facts = row["properties"]
    return record(
        row,
        sku=lower(facts.get("workloadType") or facts.get("protectedItemType")),
        state=lower(facts.get("protectionState")),
        attached_to=id_of(facts.get("sourceResourceId")),
        config={
            "last_backup_at": text(time(facts.get("lastBackupTime"))),
            "policy": id_of(facts.get("policyId")),
        },
    )


def spark_pool(row: Row) -> Record:
    """An Apache Spark pool of Synapse."""
    facts = row["properties"]
    return record(
        row,
        sku=lower(facts.get("nodeSize")),
        state="active",
        created_at=time(facts.get("creationDate")),
        config={
            "auto_pause": flag(at(facts, "autoPause", "enabled")),
            "autoscaling": flag(at(facts, "autoScale", "enabled")),
            "nodes": text(facts.get("nodeCount")),
        },
    )


def analytics_cluster(row: Row) -> Record:
    """A cluster of Data Explorer."""
    facts = row["properties"]
    return record(
        row,
        sku=at(row, "sku", "name"),
        state=lower(facts.get("state")),
        config={
            "nodes": text(at(row, "sku", "capacity")),
            "autoscaling": flag(at(facts, "optimizedAutoscale", "isEnabled") or False),
        },
    )


def ml_endpoint(row: Row) -> Record:
    """An online endpoint of Machine Learning."""
    facts = row["properties"]
    state = lower(facts.get("provisioningState"))
    return record(
        row,
        sku=lower(facts.get("computeType")),
        state={"succeeded": "active"}.get(state or "", state),
    )


def node_pools(row: Row) -> list[Record]:
    """The node pools of a Kubernetes cluster (AKS)."""
    return [_node_pool(row, pool) for pool in row["properties"].get("agentPoolProfiles") or []]


def _node_pool(row: Row, pool: Mapping[str, Any]) -> Record:
    """Azure has no address for a pool in the cluster's own answer: this is the one of its API."""
    return record(
        {
            **row,
            "id": f"{row['id']}/agentPools/{pool['name']}",
            "name": pool["name"],
            "zones": None,
        },
        sku=pool.get("vmSize"),
        state={"running": "active"}.get(
            str(at(pool, "powerState", "code")).lower(), lower(at(pool, "powerState", "code"))
        ),
        member_of=id_of(row["id"]),
        config={
            "nodes": text(pool.get("count")),
            "autoscaling": flag(bool(pool.get("enableAutoScaling"))),
            "min": text(pool.get("minCount")),
            "max": text(pool.get("maxCount")),
            "mode": lower(pool.get("mode")),
            "os": lower(pool.get("osType")),
            "spot": flag(lower(pool.get("scaleSetPriority")) == "spot"),
        },
    )
