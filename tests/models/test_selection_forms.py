"""Requirements in the forms of other tools, and out of them."""

from datetime import date
from decimal import Decimal
from typing import Any

import botocore.loaders
import pytest
import yaml
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from models.errors import BadRequirement
from models.rightsizing import Headroom
from models.selection.abis import instance_requirements
from models.selection.import_abis import from_instance_requirements
from models.selection.import_flags import from_flags
from models.selection.karpenter import node_pool
from models.selection.like import need
from models.selection.requirements import Range, Requirements
from models.selection.terraform import resource

EC2 = ServiceModel(botocore.loaders.Loader().load_service_model("ec2", "service-2"))
FULL = Requirements(
    {
        "vcpus": Range(2, 8), "memory_gib": Range(7.5, 64), "gib_per_vcpu": Range(2, 8.5),
        "network_gbps": Range(1.5, None), "network_interfaces": Range(2, None),
        "local_storage_gb": Range(100, None), "ebs_mbps": Range(500, None),
        "gpus": Range(1, 4), "gpu_memory_gib": Range(16, None),
    },
    {
        "cloud": ("aws",), "cpu_vendor": ("intel", "aws"), "not_instance_type": ("p2.*",),
        "features": ("encryption_in_transit", "hibernation"),
    },
    {"burstable": False, "bare_metal": True, "current_generation": True},
)  # fmt: skip


def problems(content: dict[str, Any]) -> str:
    """What botocore's own model of EC2 says against it."""
    shape = EC2.shape_for("InstanceRequirementsRequest")
    return ParamValidator().validate(content, shape).generate_report()


def offer(**columns: Any) -> dict[str, Any]:
    return {
        "cloud": "aws", "region": "eu-west-1", "instance_type": "m7g.large", "arch": "arm64",
        "price_type": "on_demand", "os": "linux", "price_hour": Decimal("0.08"),
        "currency": "USD", "as_of": date(2026, 7, 20), "source": "list", **columns,
    }  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        FULL,
        Requirements(),
        Requirements({"gpus": Range(0, 0), "accelerators": Range(0, 0)}),
        Requirements({"local_storage_gb": Range(0, 0)}, flags={"burstable": True}),
        Requirements(sets={"instance_type": ("m7g.*", "m8g.large")}),
        Requirements(sets={"arch": ("arm64",)}),
    ],
)
def test_abis_is_valid_by_ec2_s_own_model(asked: Requirements) -> None:
    content, _ = instance_requirements(asked, ["m7g.large"])
    assert problems(content) == ""


def test_every_word_of_an_enumeration_is_one_of_ec2_s() -> None:
    content, _ = instance_requirements(FULL, [])
    for name, value in content.items():
        shape = EC2.shape_for("InstanceRequirementsRequest").members[name]
        words = getattr(getattr(shape, "member", shape), "enum", [])
        for one in (value if isinstance(value, list) else [value]) if words else []:
            assert one in words, f"{name}: {one}"


def test_what_ec2_has_words_for_comes_back_as_it_was() -> None:
    content, listed = instance_requirements(FULL, [])
    assert listed == []
    back, not_applied = from_instance_requirements({"InstanceRequirements": content})
    assert not_applied == []
    assert back.ranges == FULL.ranges
    assert back.flags == FULL.flags
    assert {**back.sets, "cloud": ("aws",)} == {
        **FULL.sets, "features": back.sets["features"]
    }  # fmt: skip
    assert set(back.sets["features"]) == set(FULL.sets["features"])


def test_what_ec2_has_no_word_for_is_listed_by_type() -> None:
    asked = Requirements({"price_hour": Range(None, 1)}, {"arch": ("arm64",), "region": ("eu-*",)})
    content, listed = instance_requirements(asked, ["m7g.large", "m7g.large", "m8g.large"])
    assert listed == ["arch", "price_hour"]
    assert content["AllowedInstanceTypes"] == ["m7g.large", "m8g.large"]
    with pytest.raises(BadRequirement, match="found 401"):
        instance_requirements(asked, [f"x{n}.large" for n in range(401)])


def test_burst_and_bare_metal_are_left_out_of_abis_unless_it_asks_for_them() -> None:
    asked, _ = from_instance_requirements({"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 4096}})
    assert asked.flags == {"bare_metal": False, "burstable": False}
    assert asked.ranges == {"vcpus": Range(2, None), "memory_gib": Range(4, None)}
    other, _ = from_instance_requirements({"BareMetal": "included", "BurstablePerformance":
                                           "required"})  # fmt: skip
    assert other.flags == {"burstable": True}


def test_every_attribute_of_ec2_is_understood_or_named_as_not_applied() -> None:
    samples = {
        "structure": {"Min": 1}, "boolean": True, "integer": 20, "list": ["current"],
    }  # fmt: skip
    for name, shape in EC2.shape_for("InstanceRequirementsRequest").members.items():
        value: Any = samples.get(shape.type_name)
        if shape.type_name == "string":
            value = shape.enum[0]
        if shape.type_name == "list":
            value = [*shape.member.enum, "m5.*"][:1]
        from_instance_requirements({name: value})


@pytest.mark.parametrize(
    "given",
    [
        [], {"VCpus": {"Min": 2}}, {"VCpuCount": 2}, {"BareMetal": "yes"},
        {"CpuManufacturers": ["via"]}, {"ExcludedInstanceTypes": "m5.*"},
    ],
)  # fmt: skip
def test_what_ec2_would_refuse_is_refused(given: Any) -> None:
    with pytest.raises(BadRequirement):
        from_instance_requirements(given)


def test_flags_of_ec2_instance_selector_are_understood() -> None:
    asked, left = from_flags(
        "ec2-instance-selector --vcpus-min 2 --vcpus-max 4 --memory 16gb -a amd64 -r us-east-1 "
        "--gpu-model t4 --gpus 1 --hypervisor nitro --ena-support --nvme=false -u spot "
        "--price-per-hour-max 0.5 --deny-list '^p2' --network-performance-min 10 "
        "--ebs-optimized-baseline-throughput-min 100 --burst-support=false --max-results 5"
    )
    assert asked.ranges == {
        "vcpus": Range(2, 4), "memory_gib": Range(16, 16), "gpus": Range(1, 1),
        "price_hour": Range(None, 0.5), "network_peak_gbps": Range(10, None),
        "ebs_mbps": Range(800, None),
    }  # fmt: skip
    assert asked.sets == {
        "arch": ("x86_64",), "region": ("us-east-1",), "gpu_model": ("t4", "* t4"),
        "features": ("hypervisor:nitro", "ena"), "not_features": ("nvme",),
        "price_type": ("spot",), "not_instance_type": ("re:^p2",), "cloud": ("aws",),
    }  # fmt: skip
    assert asked.flags == {"burstable": False}
    assert left == ["--max-results"]


@pytest.mark.parametrize(
    "text", ["--nope 1", "--vcpus many", "--nvme=perhaps", "--vcpus 1 what", "'x"]
)
def test_flags_that_tool_has_not_are_refused(text: str) -> None:
    with pytest.raises(BadRequirement):
        from_flags(text)


def test_a_node_pool_names_types_capacity_and_ranges() -> None:
    asked = Requirements({"vcpus": Range(2, 4), "memory_gib": Range(7.5, None)})
    offers = [
        offer(), offer(instance_type="m8g.large", region="eu-west-2"),
        offer(price_type="spot_est"),
    ]  # fmt: skip
    pool = yaml.safe_load(node_pool(asked, offers))
    assert (pool["apiVersion"], pool["kind"]) == ("karpenter.sh/v1", "NodePool")
    found = [
        (one["key"], one["operator"], one["values"])
        for one in pool["spec"]["template"]["spec"]["requirements"]
    ]
    assert found == [
        ("kubernetes.io/os", "In", ["linux"]),
        ("kubernetes.io/arch", "In", ["arm64"]),
        ("karpenter.sh/capacity-type", "In", ["spot", "on-demand"]),
        ("topology.kubernetes.io/region", "In", ["eu-west-1", "eu-west-2"]),
        ("node.kubernetes.io/instance-type", "In", ["m7g.large", "m8g.large"]),
        ("karpenter.k8s.aws/instance-cpu", "Gt", ["1"]),
        ("karpenter.k8s.aws/instance-cpu", "Lt", ["5"]),
        ("karpenter.k8s.aws/instance-memory", "Gt", ["7679"]),
    ]


@pytest.mark.parametrize(
    ("ranges", "limits"),
    [
        ({"gpus": Range(0, 0)}, []),
        ({"gpus": Range(None, 4)}, []),
        ({"gpus": Range(1, 4)}, [("gpu-count", "Gt", "0"), ("gpu-count", "Lt", "5")]),
        ({"ebs_mbps": Range(None, 650)}, []),
        ({"network_gbps": Range(0.07, 4.1)}, [("network-bandwidth", "Gt", "69"),
                                              ("network-bandwidth", "Lt", "4101")]),
    ],
)  # fmt: skip
def test_a_node_pool_excludes_none_of_the_types_that_it_names(
    ranges: dict[str, Range], limits: list[tuple[str, str, str]]
) -> None:
    # A node without GPUs has no label that counts them, and the label of network disks is their
    # peak: a limit of either would rule out the very types that fit.
    pool = yaml.safe_load(node_pool(Requirements(ranges), [offer()]))
    found = pool["spec"]["template"]["spec"]["requirements"]
    assert [
        (one["key"].removeprefix("karpenter.k8s.aws/instance-"), one["operator"], *one["values"])
        for one in found
        if one["operator"] != "In"
    ] == limits


@pytest.mark.parametrize("clouds", [("aws", "gcp"), ("digitalocean",), ()])
def test_a_node_pool_is_of_one_cloud_that_karpenter_knows(clouds: tuple[str, ...]) -> None:
    with pytest.raises(BadRequirement, match="--cloud"):
        node_pool(Requirements(), [offer(cloud=cloud) for cloud in clouds])


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure", "digitalocean"])
@pytest.mark.parametrize("price_type", ["on_demand", "spot"])
def test_a_terraform_snippet_has_type_region_and_price(cloud: str, price_type: str) -> None:
    text = resource(offer(cloud=cloud, price_type=price_type), 50.5)
    assert "m7g.large" in text
    assert "eu-west-1" in text
    assert text.startswith("# 0.08 USD an hour")
    assert text.count("{") == text.count("}")
    if cloud != "digitalocean":
        assert "51" in text
        assert ("spot" in text.lower().split("\n", 1)[1]) == (price_type == "spot")


@pytest.mark.parametrize("gib", [50, None])
@pytest.mark.parametrize(
    ("instance_type", "kind"),
    [("n4-standard-2", "hyperdisk-balanced"), ("c4a-highmem-8", "hyperdisk-balanced"),
     ("c3-standard-4", "pd-balanced"), ("n2d-standard-2", "pd-balanced")],
)  # fmt: skip
def test_newer_series_of_google_have_a_hyperdisk(
    instance_type: str, kind: str, gib: int | None
) -> None:
    text = resource(offer(cloud="gcp", instance_type=instance_type), gib)
    assert (f'type  = "{kind}"' in text) == (gib is not None or kind.startswith("hyper"))


@pytest.mark.parametrize("columns", [{"cloud": "onprem"}, {"os": "windows"}])
def test_there_is_no_snippet_for_what_terraform_or_we_do_not_know(columns: Any) -> None:
    with pytest.raises(BadRequirement, match="no Terraform snippet"):
        resource(offer(**columns), None)


MACHINE = {
    "cloud": "aws", "region": "eu-west-1", "os": "linux", "arch": "x86_64",
    "instance_type": "m5.2xlarge", "vcpus": 8.0, "memory_gib": 32.0, "gpu_count": 0.0,
    "gpu_model": None, "local_storage_gb": 0.0, "network_gbps": 2.5, "burstable": False,
    "cpu_p99": 20.0, "memory_max": 50.0, "network_p99": 25e6,
}  # fmt: skip


def test_a_machine_needs_what_it_used_with_headroom_where_it_is() -> None:
    found = need(MACHINE, Headroom())
    assert found.asked.ranges == {
        "vcpus": Range(2, None), "memory_gib": Range(20, None), "network_gbps": Range(0.25, None),
    }  # fmt: skip
    assert found.asked.sets == {"cloud": ("aws",), "region": ("eu-west-1",), "arch": ("x86_64",)}
    assert found.asked.flags == {"burstable": False}


def test_what_nobody_measured_is_not_cut() -> None:
    blind = {**MACHINE, "cpu_p99": None, "memory_max": None, "network_p99": None}
    found = need(blind, Headroom())
    assert found.asked.ranges == {"vcpus": Range(8, None), "memory_gib": Range(32, None)}
    assert all("no measurement" in reason for reason in found.reasons)


def test_gpus_and_local_disks_are_never_lost() -> None:
    rich = {**MACHINE, "gpu_count": 2.0, "gpu_model": "nvidia t4", "local_storage_gb": 450.0}
    found = need(rich, Headroom()).asked
    assert found.ranges["gpus"] == Range(2, None)
    assert found.ranges["local_storage_gb"] == Range(450, None)
    assert found.sets["gpu_model"] == ("nvidia t4",)
