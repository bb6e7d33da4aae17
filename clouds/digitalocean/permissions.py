"""The token scopes that reading and changing DigitalOcean need, in its own names."""

from collections.abc import Mapping

OPERATIONS: Mapping[str, str] = {  # every call of the SDK that a reader makes: the scope it needs
    "account.get": "account:read",
    "invoices.list": "billing:read",
    "invoices.get_by_uuid": "billing:read",
    "invoices.get_summary_by_uuid": "billing:read",
    "billing_history.list": "billing:read",
    "balance.get": "billing:read",
    "regions.list": "regions:read",
    "droplets.list": "droplet:read",
    "volumes.list": "block_storage:read",
    "snapshots.list": "snapshot:read",
    "reserved_ips.list": "reserved_ip:read",
    "reserved_ipv6.list": "reserved_ip:read",
    "load_balancers.list": "load_balancer:read",
    "databases.list_clusters": "database:read",
    "kubernetes.list_clusters": "kubernetes:read",
    "spaces_key.list": "spaces_key:read",
    "firewalls.list": "firewall:read",
    "domains.list": "domain:read",
    "vpcs.list": "vpc:read",
    "sizes.list": "sizes:read",
    "monitoring.get_droplet_cpu_metrics": "monitoring:read",
    "monitoring.get_droplet_memory_total_metrics": "monitoring:read",
    "monitoring.get_droplet_memory_available_metrics": "monitoring:read",
    "monitoring.get_droplet_bandwidth_metrics": "monitoring:read",
    "monitoring.get_droplet_filesystem_free_metrics": "monitoring:read",
    "monitoring.get_droplet_filesystem_size_metrics": "monitoring:read",
}
READS: Mapping[str, tuple[str, ...]] = {  # ability -> the scopes it needs
    "credentials": ("account:read",),
    "bills": ("billing:read",),
    "inventory": (
        "regions:read", "droplet:read", "block_storage:read", "snapshot:read", "reserved_ip:read",
        "load_balancer:read", "database:read", "kubernetes:read", "spaces_key:read",
        "firewall:read", "domain:read", "vpc:read",
    ),
    "metrics": ("monitoring:read",),
    "prices": ("sizes:read", "regions:read"),
    "invoices": ("billing:read",),
}  # fmt: skip
WRITES: Mapping[str, str] = {  # scope -> what it changes; the names that plans ask for
    "droplet:create": "restore an instance",
    "droplet:delete": "delete an instance",
    "droplet:update": "stop, start, resize and snapshot an instance",
    "block_storage:create": "restore a disk",
    "block_storage:delete": "delete a disk",
    "block_storage_action:create": "resize a disk",
    "block_storage_snapshot:create": "snapshot a disk",
    "reserved_ip:delete": "release an address",
    "snapshot:delete": "delete a snapshot",
    "database:create": "restore a database",
    "database:delete": "delete a database",
    "database:update": "resize a database",
}
WHERE = "API > Tokens > Generate New Token > Custom Scopes"


def policy(write: bool = False) -> str:
    """The scopes to tick for a new token, one a line; DigitalOcean has no policy document."""
    if write:
        scopes, head = dict(WRITES), "changing, beside those for reading"
    else:
        scopes, head = _reasons(), "reading"
    width = max(map(len, scopes))
    lines = [f"{scope:<{width}}  # {reason}" for scope, reason in scopes.items()]
    return "\n".join([f"# DigitalOcean, {WHERE}: scopes for {head}", *lines, ""])


def _reasons() -> dict[str, str]:
    scopes = dict.fromkeys(scope for needed in READS.values() for scope in needed)
    return {
        scope: ", ".join(ability for ability, needed in READS.items() if scope in needed)
        for scope in scopes
    }
