"""`dns`: what it prints, and how it tells what stands in DNS."""

import builtins
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from dns import zone as zone_of_dns
from hosts import Answer, Host
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dkim.state import RETIRED_SECONDS, Domain, Key
from mailpopbox.dns import resolving
from mailpopbox.examining import gathering
from nameserver import Answerer, answers_of, serving, silent
from zones import loaded

NS, RESOLVER = "127.0.0.2", "127.0.0.1"
KEY = Key("s202611", "rsa")
FACTS: dict[str, Any] = {
    "hostname": "mx.example.com",
    "domains": ["example.com", "xn--bcher-kva.example"],
    "addresses": ["198.51.100.7"],
}
REVERSE = "$TTL 60\n@ SOA ns x 1 1 1 1 1\n@ NS ns\n7 PTR mx.example.com.\n"


class Command:
    """The command on a host of its own, and name servers that have what it prints."""

    def __init__(self, host: Host, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._host = host
        self._patch = patch
        self.folder = folder
        host.config = folder / "dns.yml"
        self.configure()

    def configure(self, **changed: object) -> None:
        facts = FACTS | {"mta_sts": str(self.folder / "mta-sts.txt")} | changed
        facts = {key: value for key, value in facts.items() if value is not None}
        self._host.config.write_text(yaml.safe_dump(facts))

    def __call__(self, *words: str) -> Answer:
        return self._host.run("dns", *words, "--keys", str(self.shelf.folder))

    @property
    def shelf(self) -> Shelf:
        folder = self.folder / "dkim"
        folder.mkdir(exist_ok=True)
        return Shelf(folder)

    def key(self, domain: str) -> str:
        """Make a key, and return what its record says."""
        self.shelf.make(domain, KEY)
        return self.shelf.record(domain, KEY).value

    def program(self, name: str, script: str) -> None:
        folder = self.folder / "programs"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        self._patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    @contextmanager
    def published(self, change: Callable[[str], str] = str, *more: str) -> Iterator[None]:
        """Serve the zones that it prints, as they are or changed."""
        found = [zone_of_dns.from_text(REVERSE, "100.51.198.in-addr.arpa", relativize=False)]
        for name in FACTS["domains"]:
            text = self("--zone", name, "--nameserver", "ns.test", *more).out
            found.append(zone_of_dns.from_text(change(text), relativize=False))
        found.append(zone_of_dns.from_text(f"{SOA}ns A {NS}\n", "test", relativize=False))
        servers = {RESOLVER: answers_of(*found, own=False), NS: answers_of(*found)}
        with self.served(servers):
            yield

    @contextmanager
    def served(self, servers: dict[str, Answerer]) -> Iterator[None]:
        with serving(servers) as port, self._patch.context() as patch:
            patch.setattr(resolving, "_PORT", port)
            patch.setattr(resolving, "_SECONDS", 0.3)
            configuration = self.folder / "resolv.conf"
            configuration.write_text(f"nameserver {RESOLVER}\n")
            patch.setattr(resolving, "_CONFIGURATION", str(configuration))
            yield


SOA = "$TTL 60\n@ SOA ns x 1 1 1 1 1\n@ NS ns\n"


def openssl(*words: str, told: str = "") -> str:
    done = subprocess.run(
        ["openssl", *words], input=told, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def command(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(host, tmp_path, monkeypatch)


# --- Values and zone files ---


def test_values(command: Command) -> None:
    command.key("example.com")
    answer = command("--values")
    assert (answer.code, answer.err) == (0, "")
    blocks = [block.splitlines() for block in answer.out.split("\n\n")]
    assert [block[0] for block in blocks[:3]] == [
        "example.com",
        "xn--bcher-kva.example (bücher.example)",
        "reverse DNS",
    ]
    assert blocks[0][1].split() == ["NAME", "TYPE", "PRIORITY", "VALUE"]
    assert [line.split() for line in blocks[0][2:5]] == [
        ["mx", "A", "198.51.100.7"],
        ["@", "MX", "10", "mx.example.com"],
        ["mx", "TXT", "v=spf1", "a", "-all"],
    ]
    [note] = blocks[3]
    assert note == (
        "There is no DKIM key, and so no record, for xn--bcher-kva.example. The playbook makes it."
    )


def test_values_for_programs(command: Command) -> None:
    found = command("--values", "--json", "example.com").json
    [zone] = found["zones"]
    assert (zone["zone"], zone["spelled"], zone["whole"]) == ("example.com", "example.com", True)
    assert {
        "kind": "mx",
        "name": "example.com",
        "relative": "@",
        "type": "MX",
        "ttl": 3600,
        "priority": 10,
        "value": "mx.example.com",
        "above": None,
    } in zone["records"]
    assert {each["priority"] for each in zone["records"] if each["type"] == "TXT"} == {None}
    assert found["notes"] == [
        "There is no DKIM key, and so no record, for example.com. The playbook makes it."
    ]


def test_every_domain_with_a_key(command: Command) -> None:
    for domain in FACTS["domains"]:
        command.key(domain)
    assert command("--values", "--json").json["notes"] == []


def test_a_zone_file(command: Command) -> None:
    text = command.key("example.com")
    answer = command("--zone", "example.com", "--nameserver", "NS1.example.net.")
    assert (answer.code, answer.err) == (0, "")
    found = loaded(answer.out.splitlines())
    assert ("s202611._domainkey.example.com", "TXT", text) in found
    assert ("example.com", "NS", "ns1.example.net") in found


def test_the_policy_is_the_one_that_is_served(command: Command) -> None:
    def told() -> set[tuple[str, str, str]]:
        return {
            each
            for each in loaded(command("--zone", "example.com").out.splitlines())
            if "mta-sts" in each[0] or "autoconfig" in each[0]
        }

    assert told() == set()
    command.configure(web=True)
    (command.folder / "mta-sts.txt").write_text("version: STSv1\nmode: testing\n")
    [(_, _, text)] = [each for each in told() if each[1] == "TXT"]
    assert text.startswith("v=STSv1; id=")
    names = {name for name, kind, _ in told() if kind == "CNAME"}
    assert names == {"autoconfig.example.com", "mta-sts.example.com"}
    (command.folder / "mta-sts.txt").write_text("version: STSv1\nmode: enforce\n")
    assert text not in {value for _, _, value in told()}


def test_the_only_zone_needs_no_name(command: Command) -> None:
    command.configure(domains=["example.com"], others=["example.net"])
    answer = command("--zone")
    assert answer.code == 0
    assert "$ORIGIN example.com.\n" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--zone"], "Name it behind --zone; there are: example.com, xn--bcher-kva.example.\n"),
        (["--zone", "reverse DNS"], "There is no zone file for what others have the rest of"),
        (["--zone", "--json", "example.com"], "A zone file is no JSON"),
        (["--values", "none.example"], "There is no zone none.example. There are: example.com, "),
    ],
)
def test_a_zone_that_is_not_there(command: Command, words: list[str], said: str) -> None:
    answer = command(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


@pytest.mark.parametrize("name", ["bücher.example", "Bücher.Example", "xn--bcher-kva.example"])
def test_zones_are_named_in_either_spelling(command: Command, name: str) -> None:
    [zone] = command("--values", "--json", name).json["zones"]
    assert zone["zone"] == "xn--bcher-kva.example"


def test_domains_that_may_be_somebody_elses(command: Command) -> None:
    command.configure(others=["example.net"])
    note = "\nexample.net: only single addresses of it arrive here"
    assert note in command("--values").out
    assert note not in command("--values", "example.com").out
    command.key("example.net")
    found = command("--values", "--json", "example.net").json
    [zone] = found["zones"]
    assert not zone["whole"]
    assert [each["kind"] for each in zone["records"]] == ["dkim"]
    assert command("--zone", "example.net").code == 2


def test_a_host_that_no_other_policy_covers(command: Command) -> None:
    command.configure(hostname="mx.example.net")
    [zone] = command("--values", "--json", "example.net").json["zones"]
    [found] = [each for each in zone["records"] if each["kind"] == "dmarc"]
    assert (found["relative"], found["above"]) == ("_dmarc.mx", "_dmarc.example.net")
    assert found["value"] == "v=DMARC1; p=none; rua=mailto:postmaster@mx.example.net"
    text = without("_dmarc")(command("--zone", "example.net", "--nameserver", "ns.test").out)
    own = zone_of_dns.from_text(f"{SOA}ns A {NS}\n", "test", relativize=False)
    for more, code in (("", 1), ('_dmarc TXT "v=DMARC1; p=reject"\n', 0)):
        whole = zone_of_dns.from_text(text + more, relativize=False)
        with command.served({RESOLVER: answers_of(whole, own, own=False), NS: answers_of(whole)}):
            assert command("example.net").code == code


# --- What is asked of the host ---

IP = json.dumps([{"addr_info": [{"family": "inet", "local": "198.51.100.9", "scope": "global"}]}])


def test_the_addresses_of_the_host(command: Command) -> None:
    command.configure(addresses=None)
    command.program("ip", f"[ \"$*\" = '-json address' ] && echo '{IP}'")
    assert ["mx", "A", "198.51.100.9"] in [
        line.split() for line in command("--values").out.splitlines()
    ]


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("echo '[]'", 2, "This host has no address that others reach. Name those"),
        ("echo no JSON", 1, "ip -json address printed no list of interfaces."),
        ("echo no rights >&2; exit 1", 1, "cannot be seen: ip: no rights"),
    ],
)
def test_a_host_without_addresses(command: Command, script: str, code: int, said: str) -> None:
    command.configure(addresses=None)
    command.program("ip", script)
    answer = command("--values")
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_without_ipv6(command: Command) -> None:
    command.configure(addresses=["2001:db8::1"], ipv6=False)
    assert command("--values").code == 2


def test_a_key_file_that_is_none(command: Command) -> None:
    command.key("example.com")
    (command.folder / "dkim/example.com/s202611.rsa.pub").write_text("nothing")
    answer = command("--values")
    assert (answer.code, answer.out) == (1, "")
    assert "dkim/example.com/s202611.rsa.pub: holds no public key" in answer.err


def test_keys_that_one_has_no_right_to(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_shelf: Shelf) -> dict[str, Domain]:
        raise PermissionError

    monkeypatch.setattr(Shelf, "domains", denied)
    answer = command("--values")
    assert answer.code == 1
    assert "dkim: no right to it; run this as root.\n" in answer.err


def test_keys_on_their_way(command: Command) -> None:
    """Whether one signs already or signed last week: the mail of both is to be checked."""
    names = ("s202401", "s202510", "s202610", "s202611")
    past, retired, signing, coming = keys = [Key(name, "rsa") for name in names]
    for key in keys:
        command.shelf.make("example.com", key)
    now = int(time.time())
    since = {past: now - RETIRED_SECONDS, retired: now - RETIRED_SECONDS + 3600}
    command.shelf.save({"example.com": Domain(signing=(signing,), retired=since)})
    [zone] = command("--values", "--json", "example.com").json["zones"]
    found = [each["relative"] for each in zone["records"] if each["kind"] == "dkim"]
    assert found == [f"{key.selector}._domainkey" for key in (signing, coming, retired)]


def certificate(folder: Path) -> Path:
    """Make a certificate and its key in one file, as the server has them."""
    path = folder / "server.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -batch"
    openssl(*words.split(), "-keyout", f"{path}.key", "-out", f"{path}.crt")
    path.write_text(Path(f"{path}.key").read_text() + Path(f"{path}.crt").read_text())
    return path


def test_dane(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path)
    monkeypatch.setattr(gathering, "CERTIFICATE", path)
    [line] = [each for each in command("--values", "--tlsa").out.splitlines() if "TLSA" in each]
    key, der = tmp_path / "key.pub", tmp_path / "key.der"
    key.write_text(openssl("x509", "-in", f"{path}.crt", "-noout", "-pubkey"))
    openssl("pkey", "-pubin", "-in", str(key), "-outform", "DER", "-out", str(der))
    digest = openssl("dgst", "-sha256", "-r", str(der)).split()[0]
    assert line.split() == ["_25._tcp.mx", "TLSA", "3", "1", "1", digest]


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read; run this as root."), ("nothing", "server.pem: openssl: ")],
)
def test_a_certificate_that_is_none(
    command: Command, monkeypatch: pytest.MonkeyPatch, text: str | None, said: str
) -> None:
    path = command.folder / "server.pem"
    if text:
        path.write_text(text)
    monkeypatch.setattr(gathering, "CERTIFICATE", path)
    answer = command("--values", "--tlsa")
    assert (answer.code, answer.out) == (1, "")
    assert said in answer.err


# --- What stands in DNS ---


def test_all_is_there(command: Command) -> None:
    command.key("example.com")
    with command.published():
        answer = command()
        found = command("--json").json
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "example.com, as told by ns.test"
    assert lines[1].split() == ["NAME", "TYPE", "STATE", "VALUE"]
    assert "xn--bcher-kva.example (bücher.example), as told by ns.test" in lines
    assert f"reverse DNS, as told by the resolver ({RESOLVER})" in lines
    assert lines[-1] == "All 24 records are there."
    assert found["well"]
    states = {each["state"] for zone in found["zones"] for each in zone["records"]}
    assert states == {"there"}
    assert {zone["asked"] for zone in found["zones"]} == {"ns.test", f"the resolver ({RESOLVER})"}


def without(word: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if word not in line) + "\n"

    return change


@pytest.mark.parametrize("word", ["_dmarc", "MX     10", "_pop3s._tcp", "_smtp._tls", '"v=spf1 mx'])
def test_a_record_that_is_missing(command: Command, word: str) -> None:
    with command.published(without(word)):
        answer = command("example.com")
        [zone] = command("example.com", "--json").json["zones"]
    assert answer.code == 1
    [line] = [line for line in answer.out.splitlines() if "missing  " in line]
    [missing] = [each for each in zone["records"] if each["state"] == "missing"]
    assert line.endswith(f"  {missing['expected'][0]}")
    assert answer.out.endswith("1 missing. To copy them: mailpopbox dns --values\n")


def test_a_record_that_differs(command: Command) -> None:
    with command.published(lambda text: text.replace('"v=spf1 mx', '"v=spf1 a')):
        answer = command("example.com")
        [zone] = command("example.com", "--json").json["zones"]
    assert answer.code == 1
    lines = [line.split(maxsplit=3) for line in answer.out.splitlines()]
    at = lines.index(["@", "TXT", "different", "v=spf1 mx -all"])
    assert lines[at + 1] == ["found", "v=spf1", "a", "-all"]
    assert " ".join(lines[at + 2]) == "(mx is not in it)"
    assert {
        "kind": "spf",
        "name": "example.com",
        "type": "TXT",
        "state": "different",
        "expected": ["v=spf1 mx -all"],
        "found": ["v=spf1 a -all"],
        "why": "mx is not in it",
    } in zone["records"]


def test_an_address_too_many(command: Command) -> None:
    with command.published(lambda text: f"{text}mx AAAA 2001:db8::1\n"):
        answer = command("example.com")
        [zone] = command("example.com", "--json").json["zones"]
    assert answer.code == 1
    assert ["mx", "AAAA", "different", "none"] in [line.split() for line in answer.out.splitlines()]
    [stray] = [each for each in zone["records"] if each["state"] == "different"]
    assert (stray["expected"], stray["found"]) == ([], ["2001:db8::1"])


def test_nobody_answers(command: Command) -> None:
    with command.served({RESOLVER: silent}):
        answer = command("example.com")
        found = command("example.com", "--json").json
    assert (answer.code, answer.err) == (3, "")
    assert "missing" not in answer.out
    assert f"({RESOLVER} did not answer in time)" in answer.out
    assert answer.out.startswith("example.com\n")
    assert answer.out.endswith("12 unknown: not all of DNS answers.\n")
    assert not found["well"]
    assert found["zones"][0]["asked"] is None


def test_what_is_missing_counts_more_than_what_is_unknown(command: Command) -> None:
    with command.published(without("_dmarc")):
        answer = command("--server", NS)
        assert answer.code == 1
    other = zone_of_dns.from_text(SOA, "example.com", relativize=False)
    with command.served({NS: answers_of(other)}):
        answer = command("--server", NS)
    assert answer.code == 1
    assert "12 missing, " in answer.out
    assert "unknown" in answer.out


def test_one_server_knows_nothing_of_addresses(command: Command) -> None:
    with command.published():
        answer = command("--server", NS)
    assert answer.code == 0
    assert "reverse DNS" not in answer.out


def test_a_domain_that_nobody_has_registered(command: Command) -> None:
    top = zone_of_dns.from_text(SOA, "com", relativize=False)
    with command.served({RESOLVER: answers_of(top, own=False)}):
        answer = command("example.com")
    assert answer.code == 1
    assert "\nexample.com: there is no such zone. " in answer.out


@pytest.mark.parametrize("package", ["dnspython", "publicsuffix2"])
def test_a_package_that_is_missing(
    command: Command, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    module = {
        "dnspython": "mailpopbox.dns.resolving",
        "publicsuffix2": "mailpopbox.organisations",
    }[package]
    imported = builtins.__import__

    def missing(name: str, *more: Any, **named: Any) -> Any:
        if name == module:
            raise ImportError(f"No module named '{package}'")
        return imported(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    answer = command()
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"No module named '{package}'; install Debian's python3-{package}.\n"
