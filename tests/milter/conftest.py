"""A stand-in for pymilter, so that the shell is tested where there is no libmilter."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailpopbox.config import Config
from mailpopbox.counters import Counters
from mailpopbox.ledger.store import ledger_at
from shell import CONFIG, Rules, Unchanging


class FakeBase:
    """Milter.Base without Postfix: it answers from `macros` and records what it is told to do."""

    def __init__(self) -> None:
        self.macros: dict[str, str] = {}
        self.done: list[tuple[Any, ...]] = []

    def negotiate(self, opts: list[int]) -> int:
        return FakeMilter.CONTINUE if len(opts) == 4 else FakeMilter.ALL_OPTS

    def getsymval(self, sym: str) -> str | None:
        return self.macros.get(sym)

    def setreply(self, *reply: str) -> None:
        self.done.append(("setreply", *reply))

    def addheader(self, name: str, value: str) -> None:
        # As pymilter does, which hands the text to C.
        value.encode()
        self.done.append(("addheader", name, value))

    def chgheader(self, name: str, occurrence: int, value: str | None) -> None:
        self.done.append(("chgheader", name, occurrence, value))

    def chgfrom(self, sender: str) -> None:
        self.done.append(("chgfrom", sender))


class FakeMilter(ModuleType):
    """The module `Milter`, as much of it as serve.py uses; it records what it is told to do."""

    CONTINUE, REJECT, TEMPFAIL, ALL_OPTS = range(4)
    ADDHDRS, CHGHDRS, CHGFROM = 0x01, 0x10, 0x40
    Base = FakeBase
    error = type("error", (Exception,), {})
    close_callback = negotiate_callback = None

    def __init__(self) -> None:
        super().__init__("Milter")
        self.calls: list[str] = []
        self.socket_fails = False
        self.callbacks: dict[str, Callable[..., int]] = {}

    @staticmethod
    def noreply(callback: Callable[..., int]) -> Callable[..., int]:
        return callback

    def opensocket(self, rmsock: bool) -> None:  # noqa: FBT001 (as pymilter has it)
        if self.socket_fails:
            raise self.error
        self.calls.append(f"opensocket {rmsock}")

    def setconn(self, socket: str) -> None:
        self.calls.append(f"setconn {socket}")

    def main(self) -> None:
        self.calls.append("main")

    def register(self, name: str, **_callbacks: object) -> None:
        self.calls.append(f"register {name}")

    def set_exception_policy(self, policy: int) -> None:
        self.calls.append(f"exceptions {policy}")

    def __getattr__(self, name: str) -> Callable[[Callable[..., int]], None]:
        if name.startswith("set_"):
            return lambda callback: self.callbacks.update({name: callback})
        raise AttributeError(name)


@pytest.fixture
def milter(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMilter]:
    """Put the stand-in where `import Milter` finds it."""
    fake = FakeMilter()
    monkeypatch.setitem(sys.modules, "Milter", fake)
    yield fake
    sys.modules.pop("mailpopbox.serve", None)


@pytest.fixture
def serve(milter: FakeMilter) -> ModuleType:  # noqa: ARG001 (it has to be there first)
    """The module under test, imported on top of the stand-in."""
    return importlib.import_module("mailpopbox.serve")


@pytest.fixture
def rules(serve: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Rules:
    fake = Rules()
    monkeypatch.setattr(serve, "rules", fake)
    return fake


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    config = replace(CONFIG, ledger=str(tmp_path / "ledger.sqlite"))
    yield config
    ledger_at(config.ledger).database.close()


@pytest.fixture
def session(serve: ModuleType, milter: Any, counters: Counters, config: Config) -> Any:
    session = serve.Session(Unchanging(config), counters)
    milter.Base.__init__(session)
    session.macros = {"i": "4439C1948E7", "{auth_authen}": "mailbox@example.com"}
    return session


@pytest.fixture
def umask() -> Any:
    before = os.umask(0)
    yield
    os.umask(before)
