"""A host for each test."""

from pathlib import Path

import pytest
from hosts import Host
from mailpopbox.commands import doctor
from mailpopbox.examining import checks, gathering
from patients import Round, Server
from speakers import certificate


@pytest.fixture(autouse=True)
def _no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)


@pytest.fixture
def host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Host:
    return Host(tmp_path, capsys)


@pytest.fixture
def used(host: Host) -> Host:
    """A host that some mail has come to."""
    host.came("bank@example.com", "bank.example", days=800)
    host.came("Shop@example.com", "shop.example", days=400, number=2)
    host.came("Shop@example.com", "mail.shop.example", days=40)
    host.left("Shop@example.com", days=39)
    host.came("Shop@example.com", "casino.test", days=3)
    host.came("news@example.com", "news.example", days=20)
    host.came("news@example.com", "lists.news.example", days=10)
    return host


@pytest.fixture
def server(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(gathering, "CERTIFICATE", certificate(tmp_path))
    monkeypatch.setattr(checks, "_RSPAMD", tmp_path / "rspamd.sock")
    monkeypatch.setattr(doctor, "_MEMORY", tmp_path / "state.json")
    return Server(host, tmp_path, monkeypatch)


@pytest.fixture
def around(server: Server, monkeypatch: pytest.MonkeyPatch) -> Round:
    return Round(server, monkeypatch)
