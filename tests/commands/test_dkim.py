"""`dkim`: what it makes, prints and puts in force."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message
import pytest
from hosts import TWO, Answer, Host
from mailpopbox.commands import dkim
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dkim.state import RETIRED_SECONDS, Domain, Key
from mailpopbox.dns import resolving
from mailpopbox.dns.judging import Trouble, Values
from mailpopbox.dns.records import Record
from mailpopbox.dns.zones import presented
from nameserver import Answerer, Reply, answers_of, serving, zone

NAMES = ["example.com", "mx.example.com"]
RESOLVER, OWN = "127.0.0.1", "127.0.0.2"
_RELOAD = dkim.reload_rspamd
ADVICE = "Their records, and whether DNS has them: mailpopbox dns\n"


class Mailhost(Host):
    """A host with keys, a DNS that somebody keeps, and an Rspamd that can be told to reload."""

    def __init__(self, host: Host, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.__dict__.update(host.__dict__)
        self.shelf = Shelf(folder)
        self.dns: dict[str, str] = {}
        self.reloads: list[dict[str, Domain]] = []
        monkeypatch.setattr(
            dkim, "reload_rspamd", lambda: self.reloads.append(self.shelf.domains())
        )

    def dkim(self, *words: str) -> Answer:
        return self.run("dkim", *words, "--keys", str(self.shelf.folder))

    def publish(self) -> None:
        self.dns |= {
            row["record"]: row["value"] for row in self.dkim("list", "--json").json["keys"]
        }

    def answerer(self, *, own: bool) -> Answerer:
        """Answer from the DNS as it is when somebody asks."""

        def answer(question: dns.message.QueryMessage) -> Reply:
            records = (Record("dkim", name, "TXT", text) for name, text in self.dns.items())
            lines = "".join(f"{each.name}. TXT {presented(each)}\n" for each in records)
            return answers_of(zone("example.com", lines), own=own)(question)

        return answer

    @property
    def signing(self) -> dict[str, list[str]]:
        domains = self.shelf.domains()
        return {name: [key.selector for key in domains[name].signing] for name in domains}


@pytest.fixture
def mailhost(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailhost]:
    folder = tmp_path / "dkim"
    folder.mkdir()
    made = Mailhost(host, folder, monkeypatch)
    configuration = tmp_path / "resolv.conf"
    configuration.write_text(f"nameserver {RESOLVER}\n")
    monkeypatch.setattr(resolving, "_CONFIGURATION", str(configuration))
    servers = {RESOLVER: made.answerer(own=False), OWN: made.answerer(own=True)}
    with serving(servers) as port:
        monkeypatch.setattr(resolving, "_PORT", port)
        yield made


@pytest.fixture
def first() -> str:
    """The selector of keys that are made now."""
    return time.strftime("s%Y%m-mx", time.gmtime())


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


def test_a_key_whose_file_is_gone(mailhost: Mailhost, first: str) -> None:
    mailhost.dkim("prepare")
    [private] = (mailhost.shelf.folder / "example.com").glob("*.key")
    private.unlink()
    assert mailhost.dkim("prepare").out == "example.com has a new key.\n"
    assert mailhost.signing["example.com"] != [first] == mailhost.signing["mx.example.com"]
    rows = mailhost.dkim("list", "example.com", "--json").json["keys"]
    assert {row["selector"]: row["state"] for row in rows}[first] == "retired"
    assert mailhost.dkim("prepare").out == ""


def test_a_folder_that_is_gone(mailhost: Mailhost) -> None:
    mailhost.dkim("prepare")
    mailhost.dkim("rotate")
    mailhost.publish()
    mailhost.dkim("rotate")
    shutil.rmtree(mailhost.shelf.folder / "example.com")
    assert mailhost.dkim("prepare").out == "example.com has a new key.\n"
    rows = mailhost.dkim("list", "example.com", "--json").json["keys"]
    assert [row["state"] for row in rows if row["record"]] == ["signing"]
    # No name is used twice.
    assert len({row["selector"] for row in rows}) == 3
    assert {row["since"] for row in rows} == {None}
    assert mailhost.dkim("prepare").out == ""
    mailhost.dkim("rotate", "example.com")
    rows = mailhost.dkim("list", "example.com", "--json").json["keys"]
    assert [row["state"] for row in rows] == ["signing", "coming"]


def test_two_algorithms(mailhost: Mailhost, first: str) -> None:
    mailhost.configure(TWO[:1], dkim_algorithms=["rsa", "ed25519"])
    mailhost.dkim("prepare")
    assert mailhost.signing["mx.example.com"] == [first, first.replace("-", "e-")]


def test_list(mailhost: Mailhost, first: str) -> None:
    mailhost.dkim("prepare")
    answer = mailhost.dkim("list", "example.com")
    assert (answer.code, answer.err) == (0, ADVICE)
    assert [line.split() for line in answer.out.splitlines()] == [
        ["DOMAIN", "SELECTOR", "ALGORITHM", "STATE"],
        ["example.com", first, "rsa", "signing"],
    ]
    (row,) = mailhost.dkim("list", "example.com", "--json").json["keys"]
    assert row["record"] == f"{first}._domainkey.example.com"
    assert row["value"].startswith("v=DKIM1; k=rsa; p=MII")


def test_rotate_waits_for_dns(mailhost: Mailhost, first: str) -> None:
    mailhost.dkim("prepare")
    answer = mailhost.dkim("rotate")
    assert answer.code == 1
    coming = [
        f"  {row['record']}"
        for row in mailhost.dkim("list", "--json").json["keys"]
        if row["state"] == "coming"
    ]
    assert len(coming) == 2
    assert answer.out.splitlines() == [
        "Not every name server has these records yet. The old keys sign until then.",
        *coming,
        "To copy them: mailpopbox dns --values. Then run this again.",
    ]
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
    mailhost.dns = {name: text for name, text in mailhost.dns.items() if "key.mx." in name}
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

    looks: list[float] = []

    def published_meanwhile(seconds: float) -> None:
        looks.append(seconds)
        for name, domain in mailhost.shelf.domains().items() if len(looks) > 1 else ():
            for key in domain.coming:
                record = mailhost.shelf.record(name, key)
                mailhost.dns[record.name] = record.value.replace("k=rsa; ", "")

    monkeypatch.setattr(dkim, "sleep", published_meanwhile)
    answer = mailhost.dkim("rotate", "example.com", "--wait")
    assert answer.code == 0
    # It says once what it waits for.
    assert answer.out.count("_domainkey.example.com") == 1
    assert answer.out.endswith("\nThe new keys sign.\n")
    assert looks == [60, 60]
    found = mailhost.dkim("list", "example.com", "--json").json["keys"]
    assert {row["state"] for row in found} == {"signing", "retired"}
    assert mailhost.signing["example.com"] != before["example.com"]
    assert mailhost.signing["mx.example.com"] == before["mx.example.com"]


def test_a_key_is_retired_when_the_next_one_signs(
    mailhost: Mailhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long DNS has taken, and not when somebody began to wait."""
    mailhost.dkim("prepare")
    later = int(time.time()) + 10 * 86400

    def ten_days(_seconds: float) -> None:
        monkeypatch.setattr(dkim, "time", lambda: float(later))
        mailhost.publish()

    monkeypatch.setattr(dkim, "sleep", ten_days)
    assert mailhost.dkim("rotate", "--wait").code == 0
    domains = mailhost.shelf.domains()
    assert {since for name in NAMES for since in domains[name].retired.values()} == {later}


def test_who_has_turned_signs_while_others_are_waited_for(
    mailhost: Mailhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rspamd knows at once, since the wait may be long, and be interrupted."""
    mailhost.dkim("prepare")
    looks: list[float] = []

    def one_by_one(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt
        mailhost.publish()
        mailhost.dns = {name: text for name, text in mailhost.dns.items() if "key.mx." in name}

    monkeypatch.setattr(dkim, "sleep", one_by_one)
    with pytest.raises(KeyboardInterrupt):
        mailhost.dkim("rotate", "--wait")
    assert mailhost.reloads[-1] == mailhost.shelf.domains()
    assert mailhost.shelf.domains()["mx.example.com"].retired


def test_somebody_else_brings_it_to_its_end(
    mailhost: Mailhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one waits, another may turn; it does not turn once more for that."""
    mailhost.dkim("prepare")

    looks: list[float] = []

    def another(seconds: float) -> None:
        looks.append(seconds)
        assert len(looks) == 1
        mailhost.publish()
        assert mailhost.dkim("rotate").code == 0

    monkeypatch.setattr(dkim, "sleep", another)
    answer = mailhost.dkim("rotate", "--wait", "--json")
    assert (answer.code, answer.json["waiting"]) == (0, [])
    assert {row["state"] for row in answer.json["keys"]} == {"signing", "retired"}
    assert len(answer.json["keys"]) == 2 * len(NAMES)


def test_rotate_deletes_what_signed_long_ago(mailhost: Mailhost) -> None:
    mailhost.dkim("prepare")
    old = Key("s200001", "rsa")
    mailhost.shelf.make("example.com", old)
    domain = mailhost.shelf.domains()["example.com"]
    since = int(time.time()) - RETIRED_SECONDS
    kept = mailhost.shelf.domains()
    mailhost.shelf.save({**kept, "example.com": Domain(domain.signing, {old: since})})
    rows = mailhost.dkim("list", "example.com", "--json").json["keys"]
    assert [row["record"] for row in rows if row["state"] == "retired"] == [None]
    mailhost.dkim("rotate", "example.com")
    assert old not in mailhost.shelf.domains()["example.com"].keys
    # Rspamd was told before the key went.
    assert old in mailhost.reloads[0]["example.com"].keys


def test_a_domain_of_others(mailhost: Mailhost) -> None:
    answer = mailhost.dkim("list", "example.org")
    assert answer.code == 2
    assert "example.org is none of the domains: example.com, mx.example.com." in answer.err


@pytest.mark.parametrize(
    ("expected", "answers"),
    [
        (False, []),
        (True, [("v=DKIM1; p=QUJD",)]),
        (True, [("v=DKIM1; p=QUJD",), ("v=DKIM1; p=QUJD",)]),
        (False, [("v=DKIM1; p=QUJD",), ()]),
        (False, [Trouble("too late"), ("v=DKIM1; p=QUJD",)]),
    ],
)
def test_every_server_has_to_have_it(
    monkeypatch: pytest.MonkeyPatch,
    expected: bool,  # noqa: FBT001
    answers: list[Values | Trouble],
) -> None:
    monkeypatch.setattr(dkim, "ask", lambda _record: answers)
    record = Record("dkim", "s1._domainkey.example.com", "TXT", "v=DKIM1; k=rsa; p=QUJD")
    assert dkim.is_published(record) is expected


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 1)])
def test_rspamd_is_told(
    mailhost: Mailhost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, ends: int
) -> None:
    """By systemd, whatever it answers."""
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/said\necho no bus >&2\nexit {code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(dkim, "reload_rspamd", _RELOAD)
    mailhost.dkim("prepare")
    answer = mailhost.dkim("rotate")
    assert (tmp_path / "said").read_text() == "try-reload-or-restart rspamd\n"
    assert ("no bus" in answer.err) is bool(ends)
    assert answer.code == 1
