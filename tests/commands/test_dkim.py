"""`dkim`: what it makes, prints and puts in force."""

import time
from pathlib import Path

import pytest
from hosts import TWO, Answer, Host
from mailpopbox.commands import dkim
from mailpopbox.dkim import nameservers
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dkim.state import RETIRED_SECONDS, Domain, Key

NAMES = ["example.com", "mx.example.com"]


class Mailhost(Host):
    """A host with keys, a DNS that somebody keeps, and an Rspamd that can be told to reload."""

    def __init__(self, host: Host, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.__dict__.update(host.__dict__)
        self.shelf = Shelf(folder)
        self.dns: dict[str, str] = {}
        self.reloads: list[dict[str, Domain]] = []
        monkeypatch.setattr(nameservers, "texts_by_server", lambda name: [[self.dns.get(name, "")]])
        monkeypatch.setattr(
            dkim, "reload_rspamd", lambda: self.reloads.append(self.shelf.domains())
        )

    def dkim(self, *words: str) -> Answer:
        return self.run("dkim", *words, "--keys", str(self.shelf.folder))

    def publish(self) -> None:
        for row in self.dkim("list", "--json").json["keys"]:
            self.dns[row["record"].rstrip(".")] = row["value"]

    @property
    def signing(self) -> dict[str, list[str]]:
        domains = self.shelf.domains()
        return {name: [key.selector for key in domains[name].signing] for name in domains}


@pytest.fixture
def mailhost(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mailhost:
    folder = tmp_path / "dkim"
    folder.mkdir()
    return Mailhost(host, folder, monkeypatch)


@pytest.fixture
def first() -> str:
    """The selector of keys that are made now."""
    return time.strftime("s%Y%m", time.gmtime())


def test_every_domain_that_mail_leaves_from_has_a_key(mailhost: Mailhost, first: str) -> None:
    mailhost.configure([*TWO, {"login": "c@example.org", "addresses": ["x@only.test"]}][:1])
    mailhost.configure(TWO)
    assert mailhost.dkim("prepare").out.splitlines() == [
        f"{name} has a new key."
        for name in ("example.com", "example.net", "example.org", "mx.example.com")
    ]
    assert set(map(tuple, mailhost.signing.values())) == {(first,)}
    again = mailhost.dkim("prepare")
    assert (again.code, again.out) == (0, "")


def test_prepare_tells_programs(mailhost: Mailhost) -> None:
    assert mailhost.dkim("prepare", "--json").json == {"made": NAMES}


def test_two_algorithms(mailhost: Mailhost, first: str) -> None:
    mailhost.configure(TWO[:1], dkim_algorithms=["rsa", "ed25519"])
    mailhost.dkim("prepare")
    assert mailhost.signing["mx.example.com"] == [first, f"{first}e"]


def test_list(mailhost: Mailhost, first: str) -> None:
    mailhost.dkim("prepare")
    lines = mailhost.dkim("list", "example.com").out.splitlines()
    assert [line.split() for line in lines] == [
        ["DOMAIN", "SELECTOR", "ALGORITHM", "STATE"],
        ["example.com", first, "rsa", "signing"],
    ]
    (row,) = mailhost.dkim("list", "example.com", "--json").json["keys"]
    assert row["record"] == f"{first}._domainkey.example.com."
    assert row["value"].startswith("v=DKIM1; k=rsa; p=MII")


def test_rotate_waits_for_dns(mailhost: Mailhost, first: str) -> None:
    mailhost.dkim("prepare")
    answer = mailhost.dkim("rotate")
    assert answer.code == 1
    assert f"{first}._domainkey" not in answer.out
    assert answer.out.count('  TXT  "v=DKIM1; k=rsa; p=') == 2
    assert mailhost.signing == {name: [first] for name in NAMES}
    mailhost.publish()
    answer = mailhost.dkim("rotate")
    assert (answer.code, answer.out) == (0, "The new keys sign.\n")
    assert all(name != [first] for name in mailhost.signing.values())
    assert mailhost.reloads[-1] == mailhost.shelf.domains()
    assert "retired since" in mailhost.dkim("list").out


def test_who_has_turned_does_not_turn_again(mailhost: Mailhost, first: str) -> None:
    mailhost.dkim("prepare")
    mailhost.dkim("rotate")
    mailhost.publish()
    record = next(name for name in mailhost.dns if name.endswith(".mx.example.com"))
    missing = {name: mailhost.dns.pop(name) for name in list(mailhost.dns) if name != record}
    mailhost.dns = {name: text for name, text in mailhost.dns.items() if "mx." in name} | {
        name: text for name, text in missing.items() if "mx." in name
    }
    assert mailhost.dkim("rotate").code == 1
    turned = mailhost.signing
    assert turned["example.com"] == [first] != turned["mx.example.com"]
    mailhost.publish()
    assert mailhost.dkim("rotate").code == 0
    assert mailhost.signing["mx.example.com"] == turned["mx.example.com"]
    assert mailhost.signing["example.com"] != [first]


def test_rotate_one_domain_and_wait(mailhost: Mailhost, monkeypatch: pytest.MonkeyPatch) -> None:
    mailhost.dkim("prepare")
    before = mailhost.signing

    def published_meanwhile(_seconds: float) -> None:
        for name, domain in mailhost.shelf.domains().items():
            for key in domain.coming:
                text = f"v=DKIM1; p={mailhost.shelf.public(name, key)}"
                mailhost.dns[f"{key.selector}._domainkey.{name}"] = text

    monkeypatch.setattr(time, "sleep", published_meanwhile)
    answer = mailhost.dkim("rotate", "example.com", "--wait", "--json")
    assert (answer.code, answer.json["waiting"]) == (0, [])
    assert {row["state"] for row in answer.json["keys"]} == {"signing", "retired"}
    assert mailhost.signing["example.com"] != before["example.com"]
    assert mailhost.signing["mx.example.com"] == before["mx.example.com"]


def test_rotate_deletes_what_signed_long_ago(mailhost: Mailhost) -> None:
    mailhost.dkim("prepare")
    old = Key("s200001", "rsa")
    mailhost.shelf.make("example.com", old)
    domain = mailhost.shelf.domains()["example.com"]
    since = int(time.time()) - RETIRED_SECONDS
    kept = mailhost.shelf.domains()
    mailhost.shelf.save({**kept, "example.com": Domain(domain.signing, {old: since})})
    mailhost.dkim("rotate", "example.com")
    assert old not in mailhost.shelf.domains()["example.com"].keys
    # Rspamd was told before the key went.
    assert old in mailhost.reloads[0]["example.com"].keys


def test_a_domain_of_others(mailhost: Mailhost) -> None:
    answer = mailhost.dkim("list", "example.org")
    assert answer.code == 2
    assert "example.org is none of the domains: example.com, mx.example.com." in answer.err


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 1)])
def test_rspamd_is_told(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, ends: int
) -> None:
    """By systemd, whatever it answers."""
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/said\necho no bus >&2\nexit {code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(nameservers, "texts_by_server", lambda _name: [])
    (tmp_path / "dkim").mkdir()
    host.run("dkim", "prepare", "--keys", str(tmp_path / "dkim"))
    answer = host.run("dkim", "rotate", "--keys", str(tmp_path / "dkim"))
    assert (tmp_path / "said").read_text() == "try-reload-or-restart rspamd\n"
    assert ("no bus" in answer.err) is bool(ends)
    assert answer.code == 1
