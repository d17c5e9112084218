"""`tls-reports`."""

import os
import time
from pathlib import Path

import pytest
from datagrams import BROKEN, KEPT
from hosts import DAY, Answer
from mailpopbox.cli import main
from mailpopbox.reports import sending
from mailpopbox.reports.days import Days
from mailpopbox.reports.told import sessions_of
from mailpopbox.utc import iso


class Reporter:
    """A host that has noted some sessions, and whom it hands reports to."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.days = Days(folder / "days")
        self.days.folder.mkdir()
        self.today = int(time.time()) // DAY
        self.facts = folder / "dns.yml"
        self.facts.write_text("hostname: mx.example.com\n")
        self.handed: list[str] = []
        self._capsys = capsys

    def run(self, *words: str) -> Answer:
        options = ["--config", str(self.facts), "--sessions", str(self.days.folder)]
        code = main(["tls-reports", *words, *options])
        return Answer(code, *self._capsys.readouterr())


@pytest.fixture
def host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Reporter:
    made = Reporter(tmp_path, capsys)

    def hand_over(_report: object, place: str) -> str:
        made.handed.append(place)
        return ""

    for name in ("_mailed", "_posted"):
        monkeypatch.setattr(sending, name, hand_over)
    for datagram in (KEPT, BROKEN):
        for day in (made.today - 1, made.today):
            made.days.note(day, sessions_of(datagram)[0])
    return made


def test_what_is_over_is_sent(host: Reporter) -> None:
    for _ in range(2):
        answer = host.run()
        assert (answer.code, answer.out) == (0, "")
        assert host.handed == ["tls@example.net", "https://reports.example.net/tls"]
        assert host.days.noted() == [host.today]


def test_what_would_be_sent_is_shown(host: Reporter) -> None:
    answer = host.run("--print")
    assert answer.code == 0
    yesterday, today = answer.json
    assert yesterday["to"] == ["mailto:tls@example.net", "https://reports.example.net/tls"]
    begins = [each["report"]["date-range"]["start-datetime"] for each in (yesterday, today)]
    assert begins == [iso(day * DAY) for day in (host.today - 1, host.today)]
    [policy] = today["report"]["policies"]
    assert policy["summary"] == {
        "total-successful-session-count": 1,
        "total-failure-session-count": 1,
    }
    assert host.handed == []
    assert host.days.noted() == [host.today - 1, host.today]


@pytest.mark.parametrize(("words", "said"), [([], ""), (["--print"], "[]\n")])
def test_where_nothing_was_ever_noted(host: Reporter, words: list[str], said: str) -> None:
    for day in host.days.noted():
        host.days.forget(day)
    assert (host.run(*words).out, host.handed) == (said, [])
    host.days.folder.rmdir()
    assert (host.run(*words).out, host.handed) == (said, [])


@pytest.mark.parametrize("words", [[], ["--print"]])
def test_a_missing_right(host: Reporter, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    answer = host.run(*words)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"{host.days.folder}: no right to it; run this as root.\n"
