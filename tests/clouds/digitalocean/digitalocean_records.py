"""Records as the API gives them, with everything that its description requires."""

from typing import Any

from digitalocean_fake import REGION, Fake

Record = dict[str, Any]
CLUSTER = "bd5f5959-5e1e-4205-a714-a914373942af"
VPC = "760e09ef-dc84-11e8-981e-3cfdfeaae000"
VOLUME = "506f78a4-e098-11e5-ad9f-000f53306ae1"


def droplet(number: int = 3164444, **changed: Any) -> Record:
    size = size_of("s-2vcpu-4gb", memory=4096, vcpus=2, disk=80, price_hourly=0.0357099995)
    return {
        "id": number, "name": f"web-{number}", "memory": 4096, "vcpus": 2, "disk": 80,
        "locked": False, "status": "active", "created_at": "2026-07-21T18:37:44Z",
        "features": ["monitoring", "private_networking"], "backup_ids": [],
        "next_backup_window": None, "snapshot_ids": [], "volume_ids": [], "size": size,
        "size_slug": size["slug"], "networks": {"v4": [], "v6": []}, "region": REGION,
        "image": {"id": 7, "name": "24.04 (LTS) x64", "type": "base", "distribution": "Ubuntu",
                  "slug": "ubuntu-24-04-x64"},
        "tags": ["team:web", "env:prod"], "vpc_uuid": VPC, **changed,
    }  # fmt: skip


def volume(**changed: Any) -> Record:
    return {
        "id": VOLUME, "droplet_ids": [], "name": "data", "size_gigabytes": 100,
        "created_at": "2026-03-02T17:00:49Z", "tags": ["team:web"], "region": REGION,
        "filesystem_type": "ext4", "filesystem_label": "", **changed,
    }  # fmt: skip


def size_of(slug: str, **changed: Any) -> Record:
    return {
        "slug": slug, "memory": 1024, "vcpus": 1, "disk": 25, "transfer": 1, "price_monthly": 6,
        "price_hourly": 0.00892999954521656, "regions": ["ams3", "nyc3"], "available": True,
        "description": "Basic", **changed,
    }  # fmt: skip


def domain(name: str) -> Record:
    return {"name": name, "ttl": 1800, "zone_file": f"$ORIGIN {name}."}


def estate() -> Fake:
    """One of everything."""
    fake = Fake()
    fake.lists |= {
        "/v2/regions": [REGION, {**REGION, "slug": "ams3", "name": "Amsterdam 3"}],
        "/v2/droplets": [
            droplet(),
            droplet(205545370, name="pool-1", tags=["k8s", f"k8s:{CLUSTER}"], features=[]),
            droplet(3164445, name="old", status="off", features=["backups"], tags=[]),
        ],
        "/v2/volumes": [volume(droplet_ids=[3164444]), volume(id="v-free", name="free", tags=[])],
        "/v2/snapshots": [
            {"id": "6372321", "name": "web", "created_at": "2026-07-28T16:47:44Z",
             "regions": ["nyc3"], "min_disk_size": 25, "size_gigabytes": 2.34,
             "resource_id": VOLUME, "resource_type": "volume", "tags": []}
        ],
        "/v2/reserved_ips": [
            {"ip": "45.55.96.47", "region": REGION, "droplet": droplet(), "locked": False,
             "project_id": "746c6152-2fa2-11ed-92d3-27aaa54e4988"},
            {"ip": "45.55.96.48", "region": REGION, "droplet": None, "locked": False,
             "project_id": "746c6152-2fa2-11ed-92d3-27aaa54e4988"},
        ],
        "/v2/reserved_ipv6": [
            {"ip": "2409:40d0:f7::6e", "region_slug": "nyc3", "droplet": None,
             "reserved_at": "2026-01-01T00:00:00Z"}
        ],
        "/v2/load_balancers": [
            {"id": "4de7ac8b-495b-4884-9a69-1050c6793cd6", "name": "front", "size_unit": 2,
             "status": "active", "created_at": "2026-02-01T22:22:58Z", "region": REGION,
             "forwarding_rules": [{"entry_protocol": "http", "entry_port": 80,
                                   "target_protocol": "http", "target_port": 80}],
             "type": "REGIONAL", "droplet_ids": [3164444], "vpc_uuid": VPC}
        ],
        "/v2/databases": [
            {"id": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30", "name": "backend", "engine": "pg",
             "version": "16", "num_nodes": 2, "size": "db-s-2vcpu-4gb", "region": "nyc3",
             "status": "online", "created_at": "2026-01-11T18:37:36Z", "tags": ["env:prod"],
             "storage_size_mib": 61440, "private_network_uuid": VPC,
             "connection": {"uri": "postgres://doadmin:s3cr3t@backend:25060/db", "port": 25060,
                            "host": "backend", "user": "doadmin", "password": "s3cr3t"}}
        ],
        "/v2/kubernetes/clusters": [
            {"id": CLUSTER, "name": "prod", "region": "nyc3", "version": "1.34.1-do.0",
             "created_at": "2026-02-15T16:00:11Z", "ha": False, "tags": ["k8s"], "vpc_uuid": VPC,
             "status": {"state": "running"},
             "node_pools": [{"id": "cdda885e-7663-40c8-bc74-3a036c66545d", "name": "pool",
                             "size": "s-2vcpu-4gb", "count": 1, "nodes": [
                                 {"id": "e78247f8-b1bb-4f7a-8db9-2a5f8d4b8f8f", "name": "pool-1",
                                  "droplet_id": "205545370", "status": {"state": "running"}}]}]}
        ],
        "/v2/spaces/keys": [
            {"name": "backup", "access_key": "DOACCESSKEYEXAMPLE",
             "created_at": "2026-07-19T15:04:16Z",
             "grants": [{"bucket": "b", "permission": "read"}]}
        ],
        "/v2/firewalls": [
            {"id": "bb4b2611-3d72-467b-8602-280330ecd65c", "name": "web", "status": "succeeded",
             "created_at": "2026-05-23T21:24:00Z", "droplet_ids": [3164444],
             "inbound_rules": [{"protocol": "tcp", "ports": "22",
                                "sources": {"addresses": ["0.0.0.0/0"]}}],
             "outbound_rules": []}
        ],
        "/v2/domains": [domain("example.test")],
        "/v2/vpcs": [
            {"id": VPC, "name": "default-nyc3", "region": "nyc3", "ip_range": "10.10.10.0/24",
             "default": True, "urn": f"do:vpc:{VPC}",
             "created_at": "2026-01-13T19:20:47.442049222Z"}
        ],
        "/v2/sizes": [
            size_of("s-1vcpu-1gb"),
            size_of("g-2vcpu-8gb", memory=8192, vcpus=2, disk=25, price_hourly=0.09375,
                    regions=["nyc3"], description="General Purpose"),
            size_of("512mb", memory=512, price_hourly=0.00744, regions=[], available=False),
        ],
    }  # fmt: skip
    return fake
