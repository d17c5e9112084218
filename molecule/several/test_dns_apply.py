"""`make dns-apply` on a real name server, by RFC 2136: what is not ours survives it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from deploying import ansible_environment
from inside import TOP
from naming import KEY_NAME, KEY_SECRET, served, serving
from probe import Server
from remembering import command

ZONE = "example.com"
FOREIGN = """\
$TTL 60
@ SOA ns.test. postmaster.test. 1 3600 900 1209600 300
@ NS ns.test.
@ A 192.0.2.80
@ CAA 0 issue "ca.example.net"
@ MX 20 backup.example.net.
@ TXT "some-verification=1; a \\"quoted\\" word"
parts TXT "parted" " in two"
www CNAME @
shop NS ns.example.net.
google._domainkey TXT "v=DKIM1; k=rsa; p=R09P"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:reports@example.net"
s202501._domainkey TXT "v=DKIM1; k=rsa; p=T0xE"
"""
# octoDNS would take the quotes for its own, and join the parts.
ORG = r"""
$TTL 60
@ SOA ns.test. postmaster.test. 1 3600 900 1209600 300
@ NS ns.test.
@ TXT "\"quoted\" by somebody"
_smtp._tls TXT "parted" " in two"
"""
OLD_ADDRESS = "192.0.2.9"
EVERY_PROVIDER = """
import sys
sys.path[:0] = ["publish", "milter/src", "roles/mailpopbox/filter_plugins"]
from dns_provider import PROVIDERS, for_octodns
from octo import provider
for name, each in PROVIDERS.items():
    given = dict.fromkeys((*each.required, *each.optional), "MTIz") | {"name": name}
    given |= {"host": "192.0.2.53", "port": 53} if "host" in given else {}
    assert provider(for_octodns(given)).SUPPORTS >= {"A", "AAAA", "CNAME", "MX", "SRV", "TXT"}, name
print(len(PROVIDERS))
"""


def options(server: Server, folder: Path, provider: dict[str, Any]) -> str:
    """Return options for Ansible: the inventory, and who has the DNS."""
    path = folder / "provider.json"
    path.write_text(json.dumps({"mailpopbox_dns_provider": provider}))
    return f"--inventory {server.inventory} --extra-vars @{path}"


def knot(server: Server, **changed: str) -> dict[str, Any]:
    where = {"host": "127.0.0.1", "port": server.ports["domain"]}
    return {"name": "rfc2136", **where, "key_name": KEY_NAME, "key_secret": KEY_SECRET, **changed}


def apply(*argv: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        argv,
        cwd=TOP,
        env=ansible_environment(),
        input=answer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stdout
    assert KEY_SECRET not in done.stdout
    return done


def host_records(server: Server) -> dict[str, dict[str, Any]]:
    """Return one record of each kind that the server needs in the zone."""
    printed = json.loads(command(server, "dns", "--values", "--json", ZONE))
    return {each["kind"]: each for each in reversed(printed["zones"][0]["records"])}


def test_what_is_foreign_stays(server: Server, other: Server, tmp_path: Path) -> None:
    key = host_records(server)["dkim"]["relative"]
    outdated = {
        f"{server.hostname}. A {OLD_ADDRESS}",
        f'{ZONE}. TXT "v=spf1 include:_spf.example.net ?all"',
        f'{key}.{ZONE}. TXT "v=DKIM1; k=rsa; p=T0xE"',
        f"_submissions._tcp.{ZONE}. SRV 0 1 25 {server.hostname}.",
    }
    every = options(server, tmp_path, knot(server))
    alone = f"{every} --limit {server.name}"
    words = ("tools/dns-apply", f"--options={alone}")
    zone = FOREIGN + "".join(f"{line}\n" for line in outdated)
    with serving(server, {ZONE: zone, "example.org": ORG}):
        before = served(server, ZONE)
        assert outdated < before

        # For both servers, each of which has a key of its own.
        refused = apply("tools/dns-apply", f"--options={every}", ZONE, answer="no\n")
        assert refused.returncode == 1, refused.stdout
        for host in (server.hostname, other.hostname):
            assert f"MX     10 {host}\n" in refused.stdout
        keys = {host_records(each)["dkim"]["relative"] for each in (server, other)}
        assert len(keys) == 2
        for each in keys:
            assert f"{each} " in refused.stdout
        assert "Nothing was changed." in refused.stdout
        assert served(server, ZONE) == before

        # An address that leads elsewhere is not taken away unasked.
        done = apply(*words, ZONE, "example.org", answer="yes\n")
        assert done.returncode == 1, done.stdout
        after = served(server, ZONE)
        lost = {line for line in before - after if " SOA " not in line}
        assert lost == {line for line in outdated if OLD_ADDRESS not in line}
        assert f'{ZONE}. TXT "v=spf1 mx include:_spf.example.net ~all"' in after
        assert f"s202501._domainkey.{ZONE}: " in done.stdout
        assert f'REPLACE="{server.hostname}/A"' in done.stdout
        assert done.stdout.count("would not stay as it is") == 2
        assert {
            r'example.org. TXT "\"quoted\" by somebody"',
            '_smtp._tls.example.org. TXT "parted" " in two"',
        } < served(server, "example.org")
        [copy] = re.findall(rf"{ZONE}: done. What was there before: (.*)", done.stdout)
        assert f"{server.hostname}. 60 A {OLD_ADDRESS}\n" in (TOP / copy).read_text()

        make = ("make", "dns-apply", "YES=1", f"ZONES={ZONE}", f"REPLACE={server.hostname}/A")
        replaced = apply(*make, f"OPTIONS={alone}")
        assert replaced.returncode == 0, replaced.stdout
        assert {line for line in after - served(server, ZONE) if " SOA " not in line} == {
            f"{server.hostname}. A {OLD_ADDRESS}"
        }
        command(server, "dns", "--server", str(server.variables["_ip"]), ZONE)

        after = served(server, ZONE)
        again = apply(*words, ZONE)
        assert again.returncode == 0, again.stdout
        assert "All records are there." in again.stdout
        assert served(server, ZONE) == after


@pytest.mark.parametrize(
    ("changed", "zone", "said"),
    [
        ({"key_secret": "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI="}, ZONE, "signature"),
        ({}, "xn--bcher-kva.example", "NOTAUTH"),
    ],
)
def test_a_name_server_that_refuses_is_told(
    server: Server,
    tmp_path: Path,
    changed: dict[str, str],
    zone: str,
    said: str,
) -> None:
    given = f"{options(server, tmp_path, knot(server, **changed))} --limit {server.name}"
    with serving(server, {ZONE: FOREIGN}):
        done = apply("tools/dns-apply", "--yes", f"--options={given}", zone)
    assert done.returncode == 3, done.stdout
    assert f"{zone} at rfc2136: " in done.stdout
    assert said in done.stdout
    assert "Nothing was changed." in done.stdout
    assert changed.get("key_secret", KEY_SECRET) not in done.stdout


def test_it_begins_with_who_has_the_dns(server: Server, tmp_path: Path) -> None:
    done = apply("tools/dns-apply", f"--options={options(server, tmp_path, {})}")
    assert done.returncode == 2
    assert done.stdout.startswith("mailpopbox_dns_provider: is not set.")


def test_every_provider_takes_its_settings() -> None:
    """That it does what it is to can only be seen with an account there."""
    python = str(TOP / ".cache/dns-env/bin/python")
    done = subprocess.run(
        [python, "-c", EVERY_PROVIDER], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.stdout == "7\n", done.stderr
