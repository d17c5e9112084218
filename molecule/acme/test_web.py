"""What is served over HTTPS has the authority's certificate, and others find it by the DNS."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from inside import Host
from probe import Server
from web import AUTOCONFIG, PATHS, POLICY, ask, domains, served

# The tests of the other server write there, too.
TRUSTED = f"/run/root-{os.getpid()}.pem"


@pytest.fixture(scope="session")
def elsewhere(authority: Host, root: Path) -> Host:
    """Another host, which asks the DNS and trusts the authority."""
    authority.write(TRUSTED, root.read_text())
    return authority


@pytest.fixture
def published(server: Server, authority: Host, key: str) -> Iterator[str]:
    """Publish the record of the policy, as the server prints it; return its domain."""
    [domain] = domains(server)
    zones = json.loads(server.run("mailpopbox", "dns", "--values", "--json").stdout)["zones"]
    [value] = [
        each["value"]
        for zone in zones
        for each in zone["records"]
        if each["name"] == f"_mta-sts.{domain}"
    ]
    begin = f"server 127.0.0.1\nupdate delete _mta-sts.{domain}. TXT\n"
    change = ["nsupdate", "-y", key]
    authority.run(*change, stdin=f'{begin}update add _mta-sts.{domain}. 1 TXT "{value}"\nsend\n')
    yield domain
    authority.run(*change, stdin=f"{begin}send\n")


def test_each_name_is_in_the_certificate(server: Server, root: Path) -> None:
    for name, path in served(server):
        assert ask(server, name, path, root).status == 200


def test_a_client_elsewhere_finds_them_by_name(server: Server, elsewhere: Host) -> None:
    asked = {(name, path) for name, _ in served(server) for path in PATHS}
    for name, path in sorted(asked):
        url = f"https://{name}{path}?emailaddress=anybody@example.com"
        done = elsewhere.run("curl", "--silent", "--fail", "--cacert", TRUSTED, url, check=False)
        assert done.returncode == (0 if (name, path) in set(served(server)) else 22)


def test_a_server_elsewhere_reads_the_policy(
    server: Server, elsewhere: Host, published: str
) -> None:
    done = elsewhere.run("env", f"SSL_CERT_FILE={TRUSTED}", "mta-sts-query", published)
    assert "VALID" in done.stdout
    assert f"'mx': ['{server.hostname}']" in done.stdout
    assert "'mode': 'testing'" in done.stdout


def test_without_trust_there_is_no_policy(elsewhere: Host, published: str) -> None:
    done = elsewhere.run("mta-sts-query", published)
    assert "FETCH_ERROR" in done.stdout


def test_a_mail_program_trusts_what_it_is_told(server: Server, root: Path) -> None:
    """The servers that it is sent to have the same certificate."""
    [domain] = domains(server)
    answer = ask(server, f"autoconfig.{domain}", AUTOCONFIG, root)
    assert answer.text.count(f"<hostname>{server.hostname}</hostname>") == 2
    assert server.hostname in ask(server, f"mta-sts.{domain}", POLICY, root).text
