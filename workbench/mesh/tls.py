"""Transport sockets: mutual TLS between sidecars, TLS to others, and termination at the gateway.

Certificates come from SDS by name: `default` (the workload's own), `ROOTCA` (the mesh's), `kubernetes://<secret>` (a
gateway's), `file-root:<path>` (a trust store). Who delivers them is not this module's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import extension, given
from workbench.mesh.model import TRUST_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.mesh.kinds.destination_rule import ClientTls
    from workbench.mesh.kinds.gateway import ServerTls
    from workbench.mesh.model import Json

_NAME = "envoy.transport_sockets.tls"
_UPSTREAM = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_DOWNSTREAM = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"

_CLIENT_VERSIONS = {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"}
_CIPHER_SUITES = [
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
]
"""Istio's list for inbound TLS 1.2 connections; TLS 1.3 has its own."""

_VERSIONS = {
    "TLS_AUTO": None,
    "TLSV1_0": "TLSv1_0",
    "TLSV1_1": "TLSv1_1",
    "TLSV1_2": "TLSv1_2",
    "TLSV1_3": "TLSv1_3",
}


def automatic_mtls(sni: str, principals: Sequence[str], *, http2: bool) -> list[Json]:
    """Return the socket matches of a client without TLS settings: mutual TLS where expected, else plain text."""
    return [
        {
            "name": "tlsMode-istio",
            "match": {"tlsMode": "istio"},
            "transport_socket": mutual_tls(sni, principals, http2=http2),
        },
        {
            "name": "tlsMode-disabled",
            "match": {},
            "transport_socket": extension(
                "envoy.transport_sockets.raw_buffer",
                "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
            ),
        },
    ]


def mutual_tls(sni: str, names: Sequence[str], *, http2: bool) -> Json:
    """Return a client's mutual TLS with the mesh's certificates; the server must have one of the names."""
    return extension(
        _NAME,
        _UPSTREAM,
        common_tls_context={
            "tls_params": _CLIENT_VERSIONS,
            "alpn_protocols": ["istio", "h2"] if http2 else ["istio"],
            "tls_certificate_sds_secret_configs": [_sds("default")],
            "combined_validation_context": _validation("ROOTCA", names),
        },
        sni=sni,
    )


def simple_tls(settings: ClientTls, *, http2: bool) -> Json:
    """Return a client's one-sided TLS to a server outside of the mesh's trust."""
    return extension(
        _NAME,
        _UPSTREAM,
        common_tls_context=given(
            tls_params=_CLIENT_VERSIONS,
            alpn_protocols=["h2"] if http2 else None,
            combined_validation_context=_validation(
                f"file-root:{settings.ca_certificates or 'system'}", settings.subject_alt_names
            ),
        ),
        **given(sni=settings.sni),
    )


def inbound_mtls() -> Json:
    """Return a sidecar's side of mutual TLS: any identity of the trust domain, a certificate is required."""
    return extension(
        _NAME,
        _DOWNSTREAM,
        common_tls_context={
            "tls_params": {**_CLIENT_VERSIONS, "cipher_suites": _CIPHER_SUITES},
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificate_sds_secret_configs": [_sds("default")],
            "combined_validation_context": {
                "default_validation_context": {"match_subject_alt_names": [{"prefix": f"spiffe://{TRUST_DOMAIN}/"}]},
                "validation_context_sds_secret_config": _sds("ROOTCA"),
            },
        },
        require_client_certificate=True,
    )


def gateway_tls(settings: ServerTls) -> Json:
    """Return termination at the gateway with the certificate of a Secret; MUTUAL also asks for the client's."""
    mutual = settings.mode == "MUTUAL"
    secret = f"kubernetes://{settings.credential_name}"
    return extension(
        _NAME,
        _DOWNSTREAM,
        common_tls_context=given(
            tls_params=given(
                tls_minimum_protocol_version=_VERSIONS[settings.min_protocol_version],
                tls_maximum_protocol_version=_VERSIONS[settings.max_protocol_version],
                cipher_suites=settings.cipher_suites,
            ),
            alpn_protocols=["h2", "http/1.1"],
            tls_certificate_sds_secret_configs=[_sds(secret)],
            combined_validation_context=(
                _validation(f"{secret}-cacert", settings.subject_alt_names) if mutual else None
            ),
        ),
        require_client_certificate=mutual,
    )


def _sds(name: str) -> Json:
    return {"name": name}


def _validation(authority: str, names: Sequence[str]) -> Json:
    return {
        "default_validation_context": given(match_subject_alt_names=[{"exact": name} for name in names]),
        "validation_context_sds_secret_config": _sds(authority),
    }
