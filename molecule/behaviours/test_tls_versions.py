"""TLS 1.2 and 1.3 are spoken on every port, older versions on none."""

import re
import ssl
import time
import warnings

import pytest
from inside import wait_until
from probe import Server

every_port = pytest.mark.parametrize("service", ["smtp", "submission", "submissions", "pop3s"])


def context(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a client that speaks this version only, with every cipher there is."""
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    result.check_hostname = False
    result.verify_mode = ssl.CERT_NONE
    result.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():  # Python warns of the old versions, rightly
        warnings.simplefilter("ignore", DeprecationWarning)
        result.minimum_version = result.maximum_version = version
    return result


def shake_hands(server: Server, service: str, version: ssl.TLSVersion) -> str | None:
    """Return the version that both agreed on."""
    with server.wire(service, context=context(version)) as wire:
        if service in ("smtp", "submission"):
            wire.say("EHLO client.example.org")
            wire.start_tls()
        return wire.tls_version


@every_port
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_versions_work(server: Server, service: str, version: ssl.TLSVersion) -> None:
    assert shake_hands(server, service, version) == version.name.replace("_", ".")


@every_port
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(server: Server, service: str, version: ssl.TLSVersion) -> None:
    """By the server: the client here would take them."""
    begin = time.time()
    with server.provoking("TLS library problem"), pytest.raises(ssl.SSLError):
        shake_hands(server, service, version)
    wait_until(
        "refusal in the log",
        lambda: re.search("unsupported protocol|version too low", server.journal(begin)),
    )
