"""`export`, `import`, `tidy`."""

import io
import json
import sys
from pathlib import Path

import pytest
from hosts import ONE, Host

FIRST = '{"kind": "ledger", "version": 1}'


@pytest.fixture
def other(used: Host, tmp_path: Path) -> Host:
    """The same host with another, empty ledger."""
    folder = tmp_path / "other"
    folder.mkdir()
    return Host(folder, used._capsys)  # noqa: SLF001 (a twin)


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_there_and_back(used: Host, other: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    used.run("block", "bank", "--except", "@bank.example", "--reason", "why")
    used.run("expire", "news", "--in", "1d")
    used.run("name", "shop", "Jane")
    used.run("freeze")
    used.configure([ONE[0] | {"aliases": "signed"}])
    used.run("new", "x")
    exported = used.run("export").out
    assert exported.splitlines()[0] == FIRST
    number = len(exported.splitlines()) - 1
    for argv, new in (((), (3, 8)), (("-",), (0, 0))):
        typed(exported, monkeypatch)
        answer = other.run("import", *argv)
        assert answer.code == 0
        assert answer.out == (
            f"{number} lines were taken into the ledger."
            f" New in it: {new[0]} used addresses, {new[1]} messages.\n"
        )
        assert other.run("export").out == exported


def test_from_a_file(used: Host, other: Host, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(used.run("export").out)
    assert other.run("import", str(path), "--json").json["lines"] > 3
    assert other.run("addresses").out == used.run("addresses").out


def test_nothing_to_export(host: Host) -> None:
    host.place = "/nonexistent/ledger.sqlite"
    host.configure(ONE)
    answer = host.run("export")
    assert (answer.code, answer.out) == (0, f"{FIRST}\n")


MESSAGE: dict[str, object] = {
    "kind": "message",
    "login": "a@example.com",
    "address": "b@example.com",
    "digest": "00" * 16,
    "day": "2026-11-20",
}
ADDRESS: dict[str, object] = {
    "kind": "address",
    "login": "a@example.com",
    "address": "b@example.com",
    "first_used": "2026-11-20T00:00:00Z",
    "last_used": None,
    "last_sent": None,
    "received": 1,
    "sent": 0,
    "first_domain": "",
    "name": "",
    "blocked": None,
    "expires": None,
    "reason": "",
    "exceptions": [],
    "domains": [],
}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "this is no JSON"),
        ("{", "this is no JSON"),
        ("[" * 100_000, "this is no JSON"),
        ("[]", "this is no JSON object"),
        ("{}", "kind: missing"),
        (json.dumps({"kind": "ghost"}), "kind: 'ghost' is none of mailbox, address, message"),
        (json.dumps({"kind": "mailbox", "login": 5}), "login: no text that could be kept"),
        (json.dumps(MESSAGE | {"login": "a\0"}), "login: no text that could be kept"),
        (json.dumps(MESSAGE | {"login": "\ud800"}), "login: 'utf-8' codec can't encode"),
        (json.dumps(MESSAGE | {"address": "b"}), "address: no address"),
        (json.dumps(MESSAGE | {"address": "b@bücher.example"}), "address: no address"),
        (json.dumps(MESSAGE | {"digest": "00"}), "digest: not 16 octets"),
        (json.dumps(MESSAGE | {"digest": "x"}), "digest: non-hexadecimal"),
        (json.dumps(MESSAGE | {"day": "1969-12-31"}), "day: no number from 0 on"),
        (json.dumps(MESSAGE | {"day": "today"}), "day: Invalid isoformat"),
        (json.dumps(ADDRESS | {"received": -1}), "received: no number from 0 on"),
        (json.dumps(ADDRESS | {"received": True}), "received: no number from 0 on"),
        (json.dumps(ADDRESS | {"received": 2**53}), "received: no number from 0 on"),
        (json.dumps(ADDRESS | {"blocked": "now"}), "blocked: time data 'now' does not match"),
        (json.dumps(ADDRESS | {"exceptions": 5}), "exceptions: no list"),
        (json.dumps(ADDRESS | {"exceptions": [5]}), "no text that could be kept"),
        (json.dumps(ADDRESS | {"domains": [5]}), "domains: not an object"),
        (json.dumps(ADDRESS | {"domains": [{}]}), "domain: missing"),
        ("\udcff", "'utf-8' codec can't decode"),
    ],
)
def test_a_line_that_is_wrong(host: Host, tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "ledger.jsonl"
    text = f"{FIRST}\n{json.dumps(MESSAGE)}\n{line}\n{json.dumps(MESSAGE)}\n"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    answer = host.run("import", str(path))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"line 3: {said}")
    assert answer.err.endswith(". Nothing was changed.\n")
    assert host.run("export").out == f"{FIRST}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "This is empty: an export has one line at least.\n"),
        (json.dumps(MESSAGE), "line 1: this is no export of a ledger; its first line says so"),
        ('{"kind": "ledger", "version": 2}', "line 1: written by a newer mailpopbox (version 2)"),
    ],
)
def test_a_first_line_that_is_wrong(host: Host, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(text)
    answer = host.run("import", str(path))
    assert answer.code == 2
    assert answer.err.startswith(said)


def test_a_file_that_is_not_there(host: Host, tmp_path: Path) -> None:
    answer = host.run("import", str(tmp_path / "none"))
    assert (answer.code, answer.err) == (1, f"{tmp_path / 'none'}: No such file or directory\n")


class Terminal(io.StringIO):
    """Somebody watches."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_to_people(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = (json.dumps(MESSAGE | {"digest": f"{number:032x}"}) for number in range(1500))
    path.write_text("\n".join([FIRST, *lines]))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert host.run("import", str(path)).code == 0
    assert terminal.getvalue() == "\r1000 of 1500\r1500 of 1500\n"
    assert len(host.run("export").out.splitlines()) == 1502


def test_tidy(used: Host) -> None:
    used.run("forget", "bank", "--yes")
    answer = used.run("tidy")
    assert (answer.code, answer.out) == (
        0,
        "1 Message-ID from more than 400 days ago forgotten.\n",
    )
    assert used.run("tidy", "--json").json == {"forgotten": 0}
    assert "bank" not in used.run("export").out
    assert len(used.run("addresses").out.splitlines()) == 3


def test_tidy_what_is_not_there(host: Host) -> None:
    host.place = "/nonexistent/ledger.sqlite"
    host.configure(ONE, ledger_days=30)
    answer = host.run("tidy")
    assert (answer.code, answer.out) == (0, "0 Message-IDs from more than 30 days ago forgotten.\n")
