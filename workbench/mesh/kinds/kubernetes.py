"""The Kubernetes kinds that carry meaning for the mesh, and the list of those that carry none.

Only the fields that decide about services, endpoints and identities are modelled; the rest of a pod's specification is
Kubernetes' own business.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workbench.mesh.kinds.base import KubernetesModel, Resource


class ServicePort(KubernetesModel):
    """One port of a Service; `target_port` is a number or the name of a container's port."""

    name: str = ""
    port: int
    target_port: int | str | None = None
    app_protocol: str | None = None
    protocol: str = "TCP"


class ServiceSpec(KubernetesModel):
    """What a Service selects and offers."""

    selector: dict[str, str] = Field(default_factory=dict)
    ports: list[ServicePort] = Field(default_factory=list)
    cluster_ip: str | None = Field(default=None, alias="clusterIP")
    type: str = "ClusterIP"


class Service(Resource):
    """A name and a virtual address for workloads."""

    kind: Literal["Service"]
    spec: ServiceSpec


class ContainerPort(KubernetesModel):
    """One port of a container, which a Service may name."""

    name: str = ""
    container_port: int


class Container(KubernetesModel):
    """A container, for its ports."""

    ports: list[ContainerPort] = Field(default_factory=list)


class PodSpec(KubernetesModel):
    """The identity and the named ports of a pod."""

    service_account_name: str = "default"
    containers: list[Container] = Field(default_factory=list)


class TemplateMetadata(KubernetesModel):
    """Labels and annotations of the pods."""

    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class PodTemplate(KubernetesModel):
    """What the pods of a workload look like."""

    metadata: TemplateMetadata = Field(default_factory=TemplateMetadata)
    spec: PodSpec = Field(default_factory=PodSpec)


class DeploymentSpec(KubernetesModel):
    """The part of a Deployment that the mesh reads."""

    template: PodTemplate
    replicas: int = 1


class Deployment(Resource):
    """A workload; a StatefulSet or DaemonSet is the same to the mesh."""

    kind: Literal["Deployment", "StatefulSet", "DaemonSet"]
    spec: DeploymentSpec


class Namespace(Resource):
    """A namespace, for its injection label."""

    kind: Literal["Namespace"]
    spec: object = None


MEANINGLESS_KINDS = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "CronJob",
        "HorizontalPodAutoscaler",
        "Job",
        "Kustomization",
        "LimitRange",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "PriorityClass",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "Secret",
        "ServiceAccount",
    }
)
"""Kinds that say nothing about traffic: read past, on purpose and by name (a ServiceAccount's name is in its pods)."""
