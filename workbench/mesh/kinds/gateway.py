"""Istio's Gateway: which ports, hosts and certificates the edge of the mesh serves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workbench.mesh.kinds.base import IstioModel, NotRendered, Port, Resource

TlsVersion = Literal["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]


class GatewayPort(IstioModel):
    """A port that the gateway listens on."""

    number: Port
    name: str
    protocol: Literal["HTTP", "HTTPS", "HTTP2", "GRPC", "TCP", "TLS", "MONGO"]
    target_port: NotRendered = None


class ServerTls(IstioModel):
    """TLS termination. Certificates come by name from a Secret (`credentialName`) only."""

    mode: Literal["PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"] | None = (
        None
    )
    https_redirect: bool = False
    credential_name: str = ""
    min_protocol_version: TlsVersion = "TLS_AUTO"
    max_protocol_version: TlsVersion = "TLS_AUTO"
    cipher_suites: list[str] = Field(default_factory=list)
    subject_alt_names: list[str] = Field(default_factory=list)
    credential_names: NotRendered = None
    tls_certificates: NotRendered = None
    server_certificate: NotRendered = None
    private_key: NotRendered = None
    ca_certificates: NotRendered = None
    ca_cert_credential_name: NotRendered = None
    ca_crl: NotRendered = None
    insecure_skip_verify: NotRendered = None
    verify_certificate_hash: NotRendered = None
    verify_certificate_spki: NotRendered = None


class Server(IstioModel):
    """One port with the hosts that it serves."""

    hosts: list[str] = Field(min_length=1)
    port: GatewayPort
    tls: ServerTls | None = None
    name: str = ""
    bind: NotRendered = None
    default_endpoint: NotRendered = None


class GatewaySpec(IstioModel):
    """The pods that are this gateway, and their servers."""

    selector: dict[str, str] = Field(default_factory=dict)
    servers: list[Server] = Field(default_factory=list)


class Gateway(Resource):
    """What the edge of the mesh serves."""

    kind: Literal["Gateway"]
    spec: GatewaySpec
