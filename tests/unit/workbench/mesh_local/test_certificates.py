"""Certificates: identities, lifetimes, rotation before the end, private keys that stay private."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from workbench.adapters.certificates import create, expiry, is_signed_by, load_or_create, write_atomically
from workbench.errors import UsageError
from workbench.mesh.local.store import ProxyStore

if TYPE_CHECKING:
    from pathlib import Path

WHO = "spiffe://cluster.local/ns/titanium-prod/sa/blog"
HOUR = datetime.timedelta(hours=1)


def test_a_certificate_holds_the_identity_and_ends_after_its_lifetime() -> None:
    authority = create()
    issued = authority.issue(WHO, HOUR)
    certificate = x509.load_pem_x509_certificate(issued.chain.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [WHO]
    left = expiry(issued.chain) - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(minutes=59) < left <= HOUR
    assert is_signed_by(issued.chain, authority)
    assert not is_signed_by(issued.chain, create())


def test_the_root_is_made_once_and_its_key_is_for_the_owner_only(tmp_path: Path) -> None:
    assert load_or_create(tmp_path).pem == load_or_create(tmp_path).pem
    assert (tmp_path / "root-key.pem").stat().st_mode & 0o777 == 0o600


def test_a_broken_root_is_named_with_the_way_out(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / "root.pem").write_text("nonsense")
    with pytest.raises(UsageError, match=r"root\.pem") as raised:
        load_or_create(tmp_path)
    assert str(tmp_path) in raised.value.hint


def test_a_certificate_is_renewed_when_half_of_its_life_is_over_and_not_before(tmp_path: Path) -> None:
    authority, store = create(), ProxyStore(tmp_path)
    now = datetime.datetime.now(datetime.UTC)
    assert store.rotate_if_due(authority, WHO, lifetime=HOUR)
    assert not store.rotate_if_due(authority, WHO, lifetime=HOUR, now=now + datetime.timedelta(minutes=29))
    assert store.rotate_if_due(authority, WHO, lifetime=HOUR, now=now + datetime.timedelta(minutes=31))


def test_a_certificate_of_an_earlier_root_is_replaced(tmp_path: Path) -> None:
    store = ProxyStore(tmp_path)
    store.rotate(create(), WHO)
    assert store.rotate_if_due(create(), WHO)


def test_certificate_and_key_are_in_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    store = ProxyStore(tmp_path)
    store.rotate(create(), WHO)
    path = store.files.path("sds", "default")
    assert path.stat().st_mode & 0o777 == 0o600
    secret = json.loads(path.read_text())["resources"][0]["tls_certificate"]
    assert set(secret) == {"certificate_chain", "private_key"}


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
