"""A host with a ledger of its own, on which commands are run as a shell does."""

import json
import os
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mailpopbox
import pytest
import yaml
from ledgers import LOGIN, empty_place
from mailpopbox.cli import main
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.passage import Passage, Use

DAY = 24 * 60 * 60
# In which another process finds the package.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mailpopbox.__file__).parents[1])}
ONE = [{"login": LOGIN, "domains": ["example.com"]}]
TWO = [
    {"login": LOGIN, "domains": ["example.com", "example.net"], "blocked": ["spam-*@example.com"]},
    {"login": "other@example.org", "domains": ["example.org"], "aliases": "signed"},
]


@dataclass(frozen=True)
class Answer:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Host:
    """A host, before any mail has come."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = folder / "milter.yml"
        self.place = empty_place(folder)
        self.now = int(time.time())
        self._capsys = capsys
        self.configure(ONE)

    def configure(self, mailboxes: list[dict[str, Any]], **more: object) -> None:
        self.config.write_text(
            yaml.safe_dump(
                {
                    "socket": "/run/mailpopbox/milter.sock",
                    "hostname": "mx.example.com",
                    "ledger": self.place,
                    "mailboxes": mailboxes,
                    **more,
                }
            )
        )

    def run(self, command: str, *words: str) -> Answer:
        self._capsys.readouterr()
        try:
            code = main([command, *words, "--config", str(self.config)])
        except SystemExit as exited:
            code = int(exited.code or 0)
        return Answer(code, *self._capsys.readouterr())

    def came(self, address: str, domain: str, *, days: float = 0, number: int = 1) -> None:
        """Let mail come in, some days ago."""
        self._remember([Use(LOGIN, address, domain=domain)] * number, days)

    def left(self, address: str, *, days: float = 0) -> None:
        self._remember([Use(LOGIN, address, sent=True)], days)

    def _remember(self, uses: list[Use], days: float) -> None:
        with self.store(days) as store:
            for number, use in enumerate(uses):
                store.remember(Passage((f"{use.address} {use.domain} {days} {number}",), (use,)))

    def store(self, days: float = 0) -> "Opened":
        return Opened(self.place, self.now - int(days * DAY))


class Opened:
    """The ledger as the milter has it, at some time."""

    def __init__(self, place: str, now: int) -> None:
        self._database = closing(Database(engine_for(place)))
        self._now = now

    def __enter__(self) -> Store:
        return Store(self._database.__enter__(), lambda: self._now)

    def __exit__(self, *error: object) -> None:
        self._database.__exit__(*error)
