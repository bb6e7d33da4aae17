"""Kubernetes, in whichever cloud it runs."""

from clouds.cloud import Cloud
from clouds.kubernetes.access import Session
from clouds.kubernetes.connection import Kubernetes


def connect(
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    cluster: str | None = None,
    prometheus: str | None = None,
) -> Cloud:
    """One cluster: a context of a kubeconfig, else the current one, else the one we run in.

    `cluster` is what it is called here (by default as in the kubeconfig); `prometheus` is the
    address of the server that measures it.
    """
    return Kubernetes(Session(kubeconfig, context, cluster), prometheus)
