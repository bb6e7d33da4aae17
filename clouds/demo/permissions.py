"""The permissions that the real clouds ask for, by cloud, kind and verb, in their own names."""

from collections.abc import Mapping, Sequence

from clouds.cloud import Verb

READS: Mapping[str, Sequence[str]] = {}
"""What reading the simulated estate needs."""


PERMISSIONS: Mapping[tuple[str, str], Mapping[Verb, tuple[str, ...]]] = {
    ("aws", "instance"): {
        "stop": ("ec2:StopInstances",), "start": ("ec2:StartInstances",),
        "resize": ("ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:StartInstances"),
        "delete": ("ec2:TerminateInstances",), "snapshot": ("ec2:CreateSnapshots",),
        "restore": ("ec2:RegisterImage", "ec2:RunInstances", "iam:PassRole"),
        "schedule": ("scheduler:CreateSchedule", "ec2:StartInstances", "ec2:StopInstances"),
    },
    ("aws", "disk"): {
        "resize": ("ec2:ModifyVolume",), "delete": ("ec2:DeleteVolume",),
        "snapshot": ("ec2:CreateSnapshot",), "restore": ("ec2:CreateVolume",),
    },
    ("aws", "address"): {"release": ("ec2:ReleaseAddress",)},
    ("aws", "snapshot"): {"delete": ("ec2:DeleteSnapshot",)},
    ("aws", "database"): {
        "stop": ("rds:StopDBInstance",), "start": ("rds:StartDBInstance",),
        "resize": ("rds:ModifyDBInstance",), "delete": ("rds:DeleteDBInstance",),
        "snapshot": ("rds:CreateDBSnapshot",), "restore": ("rds:RestoreDBInstanceFromDBSnapshot",),
    },
    ("gcp", "instance"): {
        "stop": ("compute.instances.stop",), "start": ("compute.instances.start",),
        "resize": ("compute.instances.stop", "compute.instances.setMachineType",
                   "compute.instances.start"),
        "delete": ("compute.instances.delete",),
        "snapshot": ("compute.disks.createSnapshot", "compute.snapshots.create"),
        "restore": ("compute.instances.create", "compute.disks.create",
                    "compute.snapshots.useReadOnly"),
        "schedule": ("compute.resourcePolicies.create", "compute.instances.addResourcePolicies"),
    },
    ("gcp", "disk"): {
        "resize": ("compute.disks.resize",), "delete": ("compute.disks.delete",),
        "snapshot": ("compute.disks.createSnapshot", "compute.snapshots.create"),
        "restore": ("compute.disks.create", "compute.snapshots.useReadOnly"),
    },
    ("gcp", "address"): {"release": ("compute.addresses.delete",)},
    ("gcp", "snapshot"): {"delete": ("compute.snapshots.delete",)},
    ("gcp", "database"): {
        "stop": ("cloudsql.instances.update",), "start": ("cloudsql.instances.update",),
        "resize": ("cloudsql.instances.update",), "delete": ("cloudsql.instances.delete",),
        "snapshot": ("cloudsql.backupRuns.create",),
        "restore": ("cloudsql.instances.create", "cloudsql.instances.restoreBackup"),
    },
    ("azure", "instance"): {
        "stop": ("Microsoft.Compute/virtualMachines/deallocate/action",),
        "start": ("Microsoft.Compute/virtualMachines/start/action",),
        "resize": ("Microsoft.Compute/virtualMachines/deallocate/action",
                   "Microsoft.Compute/virtualMachines/write",
                   "Microsoft.Compute/virtualMachines/start/action"),
        "delete": ("Microsoft.Compute/virtualMachines/delete",),
        "snapshot": ("Microsoft.Compute/snapshots/write",),
        "restore": ("Microsoft.Compute/disks/write", "Microsoft.Compute/virtualMachines/write"),
        "schedule": ("Microsoft.DevTestLab/schedules/write",),
    },
    ("azure", "disk"): {
        "resize": ("Microsoft.Compute/disks/write",), "delete": ("Microsoft.Compute/disks/delete",),
        "snapshot": ("Microsoft.Compute/snapshots/write",),
        "restore": ("Microsoft.Compute/disks/write", "Microsoft.Compute/snapshots/read"),
    },
    ("azure", "address"): {"release": ("Microsoft.Network/publicIPAddresses/delete",)},
    ("azure", "snapshot"): {"delete": ("Microsoft.Compute/snapshots/delete",)},
    ("azure", "database"): {
        "stop": ("Microsoft.Sql/servers/databases/pause/action",),
        "start": ("Microsoft.Sql/servers/databases/resume/action",),
        "resize": ("Microsoft.Sql/servers/databases/write",),
        "delete": ("Microsoft.Sql/servers/databases/delete",),
        "snapshot": ("Microsoft.Sql/servers/databases/export/action",),
        "restore": ("Microsoft.Sql/servers/databases/write",),
    },
    ("digitalocean", "instance"): {
        "stop": ("droplet:update",), "start": ("droplet:update",), "resize": ("droplet:update",),
        "delete": ("droplet:delete",), "snapshot": ("droplet:update", "snapshot:read"),
        "restore": ("droplet:create",),
    },
    ("digitalocean", "disk"): {
        "resize": ("block_storage_action:create",), "delete": ("block_storage:delete",),
        "snapshot": ("block_storage_snapshot:create",), "restore": ("block_storage:create",),
    },
    ("digitalocean", "address"): {"release": ("reserved_ip:delete",)},
    ("digitalocean", "snapshot"): {"delete": ("snapshot:delete",)},
    ("digitalocean", "database"): {
        "resize": ("database:update",), "delete": ("database:delete",),
        "snapshot": ("database:read",), "restore": ("database:create",),
    },
    ("onprem", "instance"): {
        "stop": ("VirtualMachine.Interact.PowerOff",),
        "start": ("VirtualMachine.Interact.PowerOn",),
        "resize": ("VirtualMachine.Config.CPUCount", "VirtualMachine.Config.Memory"),
        "delete": ("VirtualMachine.Inventory.Delete",),
        "snapshot": ("VirtualMachine.State.CreateSnapshot",),
        "restore": ("VirtualMachine.Provisioning.Clone",),
        "schedule": ("ScheduledTask.Create",),
    },
    ("onprem", "disk"): {
        "resize": ("VirtualMachine.Config.DiskExtend",),
        "delete": ("VirtualMachine.Config.RemoveDisk",),
        "snapshot": ("VirtualMachine.State.CreateSnapshot",),
        "restore": ("VirtualMachine.Config.AddNewDisk",),
    },
    ("onprem", "snapshot"): {"delete": ("VirtualMachine.State.RemoveSnapshot",)},
}  # fmt: skip


def policy(write: bool) -> str:
    """What the simulated estate itself asks for."""
    return "The simulated estate needs none."
