"""The local certificate authority: a root, and short-lived workload certificates with SPIFFE identities.

Keys are EC P-256. The root lives in one folder (`root.pem`, `root-key.pem`, the key readable by its owner only) and is
made once; losing it means that every certificate is issued anew. Nothing here knows Envoy.
"""

from __future__ import annotations

import datetime
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from workbench.errors import UsageError

LIFETIME: Final = datetime.timedelta(hours=24)
"""Istio's default lifetime of a workload certificate."""

_ROOT_LIFETIME: Final = datetime.timedelta(days=365)
_ROOT_RENEWAL: Final = datetime.timedelta(days=30)
# Clocks of one machine agree; the margin is for a clock that is set back a little after the start.
_BACKDATED: Final = datetime.timedelta(minutes=1)


@dataclass(frozen=True)
class Certificate:
    """A workload's certificate and key, PEM."""

    chain: str
    key: str


@dataclass(frozen=True)
class Authority:
    """A root that can sign."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The root certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, principal: str, lifetime: datetime.timedelta = LIFETIME) -> Certificate:
        """Return a new certificate for a SPIFFE identity (`spiffe://…`), valid from now on for `lifetime`."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(usage, critical=False)
            # Critical because the subject is empty (RFC 5280, 4.2.1.6).
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(principal)]),
                critical=True,
            )
            .add_extension(authority_key, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        chain = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return Certificate(chain=chain, key=_key_pem(key))


def expiry(chain: str) -> datetime.datetime:
    """Return when a PEM certificate ends to be valid."""
    return x509.load_pem_x509_certificate(chain.encode()).not_valid_after_utc


def is_signed_by(chain: str, authority: Authority) -> bool:
    """Return whether that authority's key signed a PEM certificate."""
    try:
        x509.load_pem_x509_certificate(chain.encode()).verify_directly_issued_by(authority.certificate)
    except (ValueError, InvalidSignature):
        return False
    return True


def load_or_create(folder: Path) -> Authority:
    """Return the authority of that folder; a missing one, or one that ends within 30 days, is made anew.

    Raises:
        UsageError: the files are there and are no certificate and key.
    """
    certificate_file, key_file = folder / "root.pem", folder / "root-key.pem"
    if certificate_file.exists() and key_file.exists():
        authority = _load(certificate_file, key_file)
        if authority.certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + _ROOT_RENEWAL:
            return authority
    authority = create()
    write_atomically(key_file, _key_pem(authority.key), mode=0o600)
    write_atomically(certificate_file, authority.pem)
    return authority


def create() -> Authority:
    """Return a new root that nobody else has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cluster.local")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _ROOT_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def write_atomically(file: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace a file as a whole: readers, and Envoy's watches, see the old text or the new, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(text)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)


def _load(certificate_file: Path, key_file: Path) -> Authority:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except ValueError as error:
        raise UsageError(f"{certificate_file}: {error}", hint=f"remove {certificate_file.parent}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise UsageError(f"{key_file} is not the key of {certificate_file}", hint=f"remove {key_file.parent}")
    return Authority(certificate, key)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
