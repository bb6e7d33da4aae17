"""Choose an instance: select."""

from collections.abc import Callable
from os import environ
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.answer import Answer
from app.command import command, named_path
from app.session import Session
from models.selection.requirements import MOST_COUNTED

PANEL = "Look"
Export = Literal["karpenter", "abis", "terraform"]
RANGE = "RANGE"
Numbers = "Numbers: 4, 4..8, 4.., ..8"
Names = "Names, each as often as wanted"
Costs = "What goes into the price"
Start = "Where to start from"


def add_to(app: typer.Typer) -> None:
    """Register the command of this file."""
    command(
        app, "select", panel=PANEL,
        examples=[
            "select --vcpus 4..8 --memory-gib 16.. --country EU",
            "select --vcpus 4.. --carbon-g-kwh ..100 --near eu-central-1 --latency-ms ..30",
            "select --gpus 1.. --gpu-memory-gib 24.. --price-type spot --restart-hours 0.5",
            "select --like i-0123456789abcdef0 --arch arm64",
            "select --vcpus 2.. --memory-gib 8.. --cloud aws --arch arm64 --export karpenter",
        ],
    )(select)  # fmt: skip


def _range(help: str) -> Any:
    return typer.Option(metavar=RANGE, help=help, rich_help_panel=Numbers)


def _names(help: str, metavar: str = "NAME") -> Any:
    return typer.Option(metavar=metavar, help=help, rich_help_panel=Names)


def _flag(help: str) -> Any:
    return typer.Option(help=help, rich_help_panel="Yes or no")


def _cost(help: str, metavar: str) -> Any:
    return typer.Option(metavar=metavar, help=help, rich_help_panel=Costs, min=0, max=MOST_COUNTED)


def _start(help: str, metavar: str, parser: Callable[[str], Any] | None = None) -> Any:
    return typer.Option(metavar=metavar, help=help, parser=parser, rich_help_panel=Start)


def select(
    session: Session,
    like: Annotated[
        str | None,
        _start(
            "What this running machine needs, by its measured use, where it is: id, name, or "
            "cloud/account/id.",
            "ID",
        ),
    ] = None,
    from_abis: Annotated[
        Path | None,
        _start(
            "InstanceRequirements of EC2's attribute-based selection, as JSON.", "FILE", named_path
        ),
    ] = None,
    from_ec2_selector: Annotated[
        str | None,
        _start("Flags of ec2-instance-selector, in quotes.", "'FLAGS'"),
    ] = None,
    vcpus: Annotated[str | None, _range("vCPUs.")] = None,
    memory_gib: Annotated[str | None, _range("Memory.")] = None,
    gib_per_vcpu: Annotated[str | None, _range("Memory per vCPU.")] = None,
    clock_ghz: Annotated[str | None, _range("Sustained clock.")] = None,
    gpus: Annotated[str | None, _range("GPUs.")] = None,
    gpu_memory_gib: Annotated[str | None, _range("Memory of all GPUs together.")] = None,
    accelerators: Annotated[str | None, _range("Accelerators that are no GPU.")] = None,
    network_gbps: Annotated[str | None, _range("Network, Gbit/s that last.")] = None,
    network_peak_gbps: Annotated[str | None, _range("Network, Gbit/s at most.")] = None,
    network_interfaces: Annotated[str | None, _range("Network interfaces.")] = None,
    local_storage_gb: Annotated[str | None, _range("Local disks.")] = None,
    ebs_mbps: Annotated[str | None, _range("To network disks, Mbit/s that last.")] = None,
    ebs_iops: Annotated[str | None, _range("To network disks, IOPS that last.")] = None,
    price_hour: Annotated[str | None, _range("List price of an hour.")] = None,
    interruption_percent: Annotated[
        str | None, _range("Months of 100 in which spot is taken away, at most.")
    ] = None,
    carbon_g_kwh: Annotated[
        str | None, _range("Grams of CO2e that the region's grid emits per kWh.")
    ] = None,
    latency_ms: Annotated[str | None, _range("Round trip to --near, measured, in ms.")] = None,
    cloud: Annotated[list[str] | None, _names("Cloud.")] = None,
    region: Annotated[list[str] | None, _names("Region; * and ? stand for anything.")] = None,
    country: Annotated[
        list[str] | None, _names("Country of the region, two letters; EU for its members.")
    ] = None,
    continent: Annotated[list[str] | None, _names("Continent of the region.")] = None,
    near: Annotated[
        str | None,
        typer.Option(
            metavar="REGION", help="To which --latency-ms counts.", rich_help_panel=Numbers
        ),
    ] = None,
    price_type: Annotated[
        list[str] | None,
        _names("on_demand (unless given), spot, cud_1y, ...; spot has estimates in it."),
    ] = None,
    arch: Annotated[list[str] | None, _names("x86_64, arm64.")] = None,
    family: Annotated[list[str] | None, _names("Family; * and ? stand for anything.")] = None,
    instance_type: Annotated[
        list[str] | None, _names("Instance type; * and ? stand for anything.")
    ] = None,
    not_instance_type: Annotated[
        list[str] | None, _names("Not this one; * and ? stand for anything.")
    ] = None,
    cpu_vendor: Annotated[list[str] | None, _names("Who makes the CPU.")] = None,
    gpu_model: Annotated[list[str] | None, _names("GPU; * and ? stand for anything.")] = None,
    feature: Annotated[
        list[str] | None, _names("Needed: ena, efa, nvme, ipv6, hibernation, ... (AWS says them).")
    ] = None,
    not_feature: Annotated[list[str] | None, _names("Must not have this feature.")] = None,
    burstable: Annotated[bool | None, _flag("CPU on credits, or not.")] = None,
    bare_metal: Annotated[bool | None, _flag("A whole machine, or not.")] = None,
    current_generation: Annotated[bool | None, _flag("As its cloud calls it.")] = None,
    doubtful: Annotated[
        bool | None,
        _flag("Prices below half of the type's usual one, or not (unless --doubtful)."),
    ] = False,
    os: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="linux, windows (default: linux; with --like that of the machine)."
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Prices in this one (default: USD).")
    ] = None,
    disk_gib: Annotated[float | None, _cost("Network disk to go with it.", "GIB")] = None,
    egress_gib_month: Annotated[
        float | None, _cost("Data sent to the internet a month.", "GIB")
    ] = None,
    restart_hours: Annotated[
        float | None, _cost("Hours of work that an interruption of spot loses.", "HOURS")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Offers at most.")] = 20,
    export: Annotated[
        Export | None, typer.Option(help="Print what fits in this form instead.")
    ] = None,
) -> Answer:
    """What to rent: offers of all clouds that fit, the cheapest first, and what just misses.

    An offer of which a needed datum is unknown is not offered; it is counted under unknown. The
    total is the list price less what lies idle of your commitments, plus disk, egress and restarts
    where they are asked for; a part that no source states makes it unknown. Carbon is a yearly
    average of the grid; latency is known within AWS, Azure and Google Cloud.
    """
    given = {name: value for name, value in locals().items() if name != "session"}
    # NumPy is there 60 ms sooner if it starts no threads to multiply matrices, which nothing does.
    environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from app.selection_answer import answer

    return answer(session, given)
