"""The rights in a Kubernetes cluster that reading needs, as a ClusterRole."""

from collections.abc import Mapping

READS: Mapping[str, tuple[str, ...]] = {  # ability -> verb and resource, with its API group
    "credentials": (),
    "inventory": (
        "list nodes", "list namespaces", "list persistentvolumes", "list persistentvolumeclaims",
        "list resourcequotas",
        "list deployments.apps", "list statefulsets.apps", "list daemonsets.apps",
        "list horizontalpodautoscalers.autoscaling",
    ),
    "metrics": (),  # Prometheus is asked, not the cluster
}  # fmt: skip
_HEAD = """\
# Apply it, then bind it to the user, group or service account that reads:
# kubectl apply -f FILE
# kubectl create clusterrolebinding instance-select-read --clusterrole=instance-select-read \\
#   --user=NAME
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: instance-select-read
rules:
"""


def policy(write: bool = False) -> str:
    """The ClusterRole for reading; nothing is changed in a cluster yet."""
    if write:
        return "# Kubernetes: this release changes nothing there, so it needs no right to.\n"
    groups: dict[str, list[str]] = {}
    for needed in dict.fromkeys(each for all_needed in READS.values() for each in all_needed):
        resource, _, group = needed.removeprefix("list ").partition(".")
        groups.setdefault(group, []).append(resource)
    return _HEAD + "".join(
        f"  # {_needed(group, resources)}\n"
        f'  - apiGroups: ["{group}"]\n    resources: [{", ".join(resources)}]\n    verbs: [list]\n'
        for group, resources in groups.items()
    )


def _needed(group: str, resources: list[str]) -> str:
    suffix = f".{group}" if group else ""
    return ", ".join(f"list {resource}{suffix}" for resource in resources)
