"""Public keys as records have them, made and read by OpenSSL."""

import hashlib
import subprocess
from base64 import b64decode
from functools import cache

import pytest
from mailpopbox.dns.keys import KeyFileError, dkim_key, tlsa


@cache
def pem(algorithm: str) -> str:
    """Make a key, and return its public half as OpenSSL writes it."""
    options = ["-pkeyopt", "rsa_keygen_bits:2048"] if algorithm == "RSA" else []
    options += ["-pkeyopt", "ec_paramgen_curve:P-256"] if algorithm == "EC" else []
    return openssl("pkey", "-pubout", told=openssl("genpkey", "-algorithm", algorithm, *options))


def openssl(*words: str, told: str = "") -> str:
    done = subprocess.run(
        ["openssl", *words], input=told, capture_output=True, text=True, check=True
    )
    return done.stdout


def der(text: str) -> bytes:
    done = subprocess.run(
        ["openssl", "pkey", "-pubin", "-pubout", "-outform", "DER"],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_rsa() -> None:
    key = dkim_key("s202611", "rsa", pem("RSA"))
    assert (key.selector, key.algorithm) == ("s202611", "rsa")
    assert b64decode(key.key) == der(pem("RSA"))
    assert key.text == f"v=DKIM1; k=rsa; p={key.key}"
    assert len(key.text) > 255


def test_ed25519_is_the_key_alone() -> None:
    key = dkim_key("s202611e", "ed25519", pem("ED25519"))
    assert (key.selector, key.algorithm) == ("s202611e", "ed25519")
    assert b64decode(key.key) == der(pem("ED25519"))[-32:]


def cut_short(text: str) -> str:
    first, body, last = text.splitlines()
    return "\n".join([first, body[:40], last])


@pytest.mark.parametrize(
    ("algorithm", "text", "problem"),
    [
        ("rsa", pem("ED25519"), "is no key for RSA"),
        ("rsa", pem("EC"), "is no key for RSA"),
        ("ed25519", pem("RSA"), "is no key for Ed25519"),
        ("ed25519", cut_short(pem("ED25519")), "is no key for Ed25519"),
        ("rsa", "", "holds no public key in PEM"),
        ("rsa", pem("RSA").replace("PUBLIC", "RSA PUBLIC"), "holds no public key"),
        ("rsa", pem("RSA").replace("A", "*"), "holds no public key"),
    ],
)
def test_what_is_no_key(algorithm: str, text: str, problem: str) -> None:
    with pytest.raises(KeyFileError, match=problem):
        dkim_key("s202611", algorithm, text)


def test_dane() -> None:
    assert tlsa(pem("EC")) == f"3 1 1 {hashlib.sha256(der(pem('EC'))).hexdigest()}"
