"""An offer as a resource of Terraform, to start from: image, network and names are yours."""

import math
import re
from collections.abc import Mapping
from typing import Any

from models.errors import BadRequirement

RESOURCES: Mapping[str, str] = {
    "aws": """provider "aws" {{
  region = "{region}"
}}

resource "aws_instance" "selected" {{
  ami           = var.image
  instance_type = "{instance_type}"{spot}{disk}
}}
""",
    "gcp": """resource "google_compute_instance" "selected" {{
  name         = "selected"
  machine_type = "{instance_type}"
  zone         = "${{var.zone}}" # one of {region}

  boot_disk {{
    initialize_params {{
      image = var.image{disk}
    }}
  }}

  network_interface {{
    network = "default"
  }}{spot}
}}

variable "zone" {{
  type        = string
  description = "A zone of {region} that has {instance_type}."
}}
""",
    "azure": """resource "azurerm_linux_virtual_machine" "selected" {{
  name                  = "selected"
  location              = "{region}"
  size                  = "{instance_type}"
  resource_group_name   = var.resource_group_name
  network_interface_ids = var.network_interface_ids
  admin_username        = var.admin_username
  source_image_id       = var.image

  admin_ssh_key {{
    username   = var.admin_username
    public_key = var.public_key
  }}

  os_disk {{
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"{disk}
  }}{spot}
}}

variable "resource_group_name" {{
  type = string
}}

variable "network_interface_ids" {{
  type = list(string)
}}

variable "admin_username" {{
  type = string
}}

variable "public_key" {{
  type = string
}}
""",
    "digitalocean": """resource "digitalocean_droplet" "selected" {{
  name   = "selected"
  region = "{region}"
  size   = "{instance_type}"
  image  = var.image
}}
""",
}
SPOT: Mapping[str, str] = {
    "aws": """

  instance_market_options {
    market_type = "spot"
  }""",
    "gcp": """

  scheduling {
    provisioning_model          = "SPOT"
    preemptible                 = true
    automatic_restart           = false
    instance_termination_action = "STOP"
  }""",
    "azure": '''

  priority        = "Spot"
  eviction_policy = "Deallocate"''',
}
DISKS: Mapping[str, str] = {
    "aws": """

  root_block_device {{
    volume_type = "gp3"
    volume_size = {gib}
  }}""",
    "gcp": """
      type  = "{kind}"
      size  = {gib}""",
    "azure": """
    disk_size_gb         = {gib}""",
}
HYPERDISK = re.compile(r"[acghmnx][4-9]")  # Google's series since the fourth, which take no other
IMAGE = """
variable "image" {
  type        = string
  description = "The image to start from."
}
"""


def resource(offer: Mapping[str, Any], disk_gib: float | None) -> str:
    """The resource block and the variables that it needs. Raises `BadRequirement`."""
    cloud = str(offer["cloud"])
    if cloud not in RESOURCES or offer["os"] != "linux":
        raise BadRequirement(
            f"There is no Terraform snippet for {offer['os']} on {cloud}; there is one for linux "
            f"on {', '.join(RESOURCES)}. Give --cloud."
        )
    is_spot = str(offer["price_type"]).startswith("spot")
    block = RESOURCES[cloud].format(
        region=offer["region"],
        instance_type=offer["instance_type"],
        spot=SPOT.get(cloud, "") if is_spot else "",
        disk=_disk(cloud, str(offer["instance_type"]), disk_gib),
    )
    price = f"# {offer['price_hour']} {offer['currency']} an hour, {offer['price_type']}"
    return f"{price}, as of {offer['as_of']} ({offer['source']})\n{block}{IMAGE}"


def _disk(cloud: str, instance_type: str, gib: float | None) -> str:
    """The size of the first disk, where one was asked for, and its kind where it has to be said."""
    is_hyper = cloud == "gcp" and HYPERDISK.match(instance_type) is not None
    kind = "hyperdisk-balanced" if is_hyper else "pd-balanced"
    if gib and cloud in DISKS:
        return DISKS[cloud].format(kind=kind, gib=math.ceil(gib))
    return f'\n      type  = "{kind}"' if is_hyper else ""
