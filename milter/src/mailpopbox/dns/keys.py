"""Public keys, from the texts that hold them to the records that publish them."""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s(.*?)-----END PUBLIC KEY-----", re.DOTALL)

# How a SubjectPublicKeyInfo says which algorithm the key is for (RFC 8017, RFC 8410).
_RSA = bytes.fromhex("06092a864886f70d010101")
_ED25519 = bytes.fromhex("302a300506032b6570032100")


class KeyFileError(Exception):
    """A text is not the public key that it is to be."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key that mail of a domain is signed with."""

    selector: str
    algorithm: str  # rsa or ed25519
    key: str  # as its record holds it

    @property
    def text(self) -> str:
        return f"v=DKIM1; k={self.algorithm}; p={self.key}"


def dkim_key(selector: str, algorithm: str, pem: str) -> DkimKey:
    """Read a public key from a text in PEM."""
    octets = {"rsa": _rsa, "ed25519": _ed25519}[algorithm](public_key(pem))
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
