"""Public keys as records have them, made and read by OpenSSL."""

import hashlib
import subprocess
from base64 import b64decode
from functools import cache

import pytest
from mailpopbox.dns.keys import KeyFileError, dkim_keys, tlsa


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
    [key] = dkim_keys({"20261120.rsa.pub": pem("RSA")})
    assert (key.selector, key.algorithm) == ("20261120", "rsa")
    assert b64decode(key.key) == der(pem("RSA"))
    assert key.text == f"v=DKIM1; k=rsa; p={key.key}"
    assert len(key.text) > 255


def test_ed25519_is_the_key_alone() -> None:
    [key] = dkim_keys({"a.b.ed25519.pub": pem("ED25519")})
    assert (key.selector, key.algorithm) == ("a.b", "ed25519")
    assert b64decode(key.key) == der(pem("ED25519"))[-32:]


def test_both_side_by_side() -> None:
    found = dkim_keys({"20261120e.ed25519.pub": pem("ED25519"), "20261120.rsa.pub": pem("RSA")})
    assert [key.selector for key in found] == ["20261120", "20261120e"]
    assert dkim_keys({}) == ()


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"20261120.pub": pem("RSA")}, "20261120.pub: its name is not like"),
        ({".rsa.pub": pem("RSA")}, "its name is not like"),
        ({"a b.rsa.pub": pem("RSA")}, "its name is not like"),
        ({"-a.rsa.pub": pem("RSA")}, "its name is not like"),
        ({"a-.rsa.pub": pem("RSA")}, "its name is not like"),
        ({"a..b.rsa.pub": pem("RSA")}, "its name is not like"),
        ({"a.dsa.pub": pem("RSA")}, "its name is not like"),
        ({"a.rsa.pub": pem("ED25519")}, "a.rsa.pub: is no key for RSA"),
        ({"a.rsa.pub": pem("EC")}, "is no key for RSA"),
        ({"a.ed25519.pub": pem("RSA")}, "a.ed25519.pub: is no key for Ed25519"),
        ({"a.rsa.pub": ""}, "a.rsa.pub: holds no public key in PEM"),
        ({"a.rsa.pub": pem("RSA").replace("PUBLIC", "RSA PUBLIC")}, "holds no public key"),
        ({"a.rsa.pub": pem("RSA").replace("A", "*")}, "holds no public key"),
        (
            {"a.rsa.pub": pem("RSA"), "a.ed25519.pub": pem("ED25519")},
            "two keys have the selector a",
        ),
    ],
)
def test_what_is_no_key(files: dict[str, str], problem: str) -> None:
    with pytest.raises(KeyFileError) as error:
        dkim_keys(files)
    assert problem in str(error.value)


def test_a_key_cut_short() -> None:
    text = pem("ED25519")
    lines = text.splitlines()
    short = "\n".join([lines[0], lines[1][:40], lines[2]])
    with pytest.raises(KeyFileError, match="Ed25519"):
        dkim_keys({"a.ed25519.pub": short})


def test_dane() -> None:
    assert tlsa(pem("EC")) == f"3 1 1 {hashlib.sha256(der(pem('EC'))).hexdigest()}"
