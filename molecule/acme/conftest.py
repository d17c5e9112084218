"""The authority, which is also the DNS, and what it is known by."""

from pathlib import Path

import pytest
from deploying import Scenario
from inside import Host

# The way to it that Pebble has for tests.
ROOT = """
import ssl, urllib.request
trusting = ssl._create_unverified_context()
asked = urllib.request.urlopen("https://127.0.0.1:15000/roots/0", context=trusting)
print(asked.read().decode())
"""


@pytest.fixture(scope="session")
def authority(scenario: Scenario) -> Host:
    return scenario.host(scenario.groups["authorities"][0], Host)


@pytest.fixture(scope="session")
def root(authority: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root's certificate of the authority."""
    path = tmp_path_factory.mktemp("authority") / "root.pem"
    path.write_text(authority.python(ROOT))
    return path


@pytest.fixture(scope="session")
def key(scenario: Scenario) -> str:
    """Return the key with which records are changed, as nsupdate takes it."""
    given = scenario.variables["acme-12"]["mailpopbox_acme_credentials"]
    return f"hmac-sha512:{given['dns_rfc2136_name']}:{given['dns_rfc2136_secret']}"
