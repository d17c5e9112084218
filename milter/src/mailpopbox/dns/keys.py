"""Public keys, from the files that hold them to the records that publish them."""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s(.*?)-----END PUBLIC KEY-----", re.DOTALL)
_SELECTOR = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")

# How a SubjectPublicKeyInfo says which algorithm the key is for (RFC 8017, RFC 8410).
_RSA = bytes.fromhex("06092a864886f70d010101")
_ED25519 = bytes.fromhex("302a300506032b6570032100")


class KeyFileError(Exception):
    """A file is not the public key that its name says."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key that mail of a domain is signed with."""

    selector: str
    algorithm: str  # rsa or ed25519
    key: str  # as its record holds it

    @property
    def text(self) -> str:
        return f"v=DKIM1; k={self.algorithm}; p={self.key}"


def dkim_keys(files: Mapping[str, str]) -> tuple[DkimKey, ...]:
    """Read the public keys of a domain, by the names of their files."""
    keys = tuple(_dkim_key(name, text) for name, text in sorted(files.items()))
    selectors = [key.selector for key in keys]
    for selector in selectors:
        # They would share a name, and whoever verifies would take either (RFC 6376, 3.6.2.2).
        if selectors.count(selector) > 1:
            raise KeyFileError(f"two keys have the selector {selector}; rename one")
    return keys


def _dkim_key(name: str, text: str) -> DkimKey:
    selector, _, algorithm = name.removesuffix(".pub").rpartition(".")
    readers = {"rsa": _rsa, "ed25519": _ed25519}
    if algorithm not in readers or not _SELECTOR.fullmatch(selector):
        raise KeyFileError(f"{name}: its name is not like 20261120.rsa.pub or 20261120.ed25519.pub")
    try:
        octets = readers[algorithm](public_key(text))
    except KeyFileError as error:
        raise KeyFileError(f"{name}: {error}") from None
    return DkimKey(selector, algorithm, b64encode(octets).decode())


def _rsa(der: bytes) -> bytes:
    if _RSA not in der[:20]:
        raise KeyFileError("is no key for RSA")
    return der


def _ed25519(der: bytes) -> bytes:
    """Return the key alone, as RFC 8463 has it."""
    if not der.startswith(_ED25519) or len(der) != len(_ED25519) + 32:
        raise KeyFileError("is no key for Ed25519")
    return der.removeprefix(_ED25519)


def public_key(pem: str) -> bytes:
    """Return the SubjectPublicKeyInfo that a text in PEM holds."""
    found = _PEM.search(pem)
    try:
        return b64decode("".join(found[1].split()), validate=True) if found else _none()
    except binascii.Error:
        return _none()


def _none() -> bytes:
    raise KeyFileError("holds no public key in PEM (BEGIN PUBLIC KEY)")


def tlsa(pem: str) -> str:
    """Return the association of a certificate's key: DANE-EE, its public key, SHA-256."""
    return f"3 1 1 {hashlib.sha256(public_key(pem)).hexdigest()}"
