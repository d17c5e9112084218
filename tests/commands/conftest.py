"""A host for each test."""

from pathlib import Path

import pytest
from hosts import Host


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
