"""The commands, as a shell sees them."""

import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest
from mailpopbox import __version__
from mailpopbox.cli import main
from mailpopbox.config import Config, load

GOOD = """\
socket: /run/mailpopbox/milter.sock
hostname: mx.example.com
mailboxes:
  - login: mailbox@example.com
    domains: [example.com]
"""


@pytest.fixture(autouse=True)
def _no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "milter.yml"
    path.write_text(GOOD)
    return path


class FakeServe(ModuleType):
    """Stands in for mailpopbox.serve, which needs libmilter."""

    def __init__(self) -> None:
        super().__init__("mailpopbox.serve")
        self.served: list[Config] = []
        self.trouble: Exception | None = None

    def serve(self, config: Config) -> None:
        if self.trouble:
            raise self.trouble
        self.served.append(config)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServe:
    fake = FakeServe()
    monkeypatch.setitem(sys.modules, "mailpopbox.serve", fake)
    return fake


def test_check_config_of_a_good_one(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", str(good)]) == 0
    assert capsys.readouterr() == (f"{good}: fine\n", "")


def test_check_config_tells_every_problem(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good.write_text(GOOD + "log_levle: info\nlog_level: loud\n")
    assert main(["check-config", str(good)]) == 2
    assert capsys.readouterr() == (
        "",
        (
            f'{good}: log_levle: unknown key; did you mean "log_level"?\n'
            f"{good}: log_level: 'loud' is no log level; take one of debug, info, warning, error\n"
        ),
    )


def test_milter_serves_with_the_configuration(good: Path, server: FakeServe) -> None:
    assert main(["milter", "--config", str(good)]) == 0
    assert server.served == [load(good)]


def test_milter_refuses_a_bad_configuration(
    good: Path, server: FakeServe, capsys: pytest.CaptureFixture[str]
) -> None:
    good.write_text(GOOD.replace("mx.example.com", "mx"))
    assert main(["milter", "--config", str(good)]) == 2
    assert server.served == []
    assert "hostname: 'mx' is no domain name" in capsys.readouterr().err


@pytest.mark.parametrize("trouble", [OSError("no such folder"), ImportError("no such folder")])
def test_milter_says_why_it_cannot_run(
    good: Path, server: FakeServe, trouble: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    server.trouble = trouble
    assert main(["milter", "--config", str(good)]) == 1
    assert capsys.readouterr().err == "no such folder\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--version"], 0, f"mailpopbox {__version__}\n"),
        (["--help"], 0, "check-config"),
        (["milter", "--help"], 0, "/etc/mailpopbox/milter.yml"),
        ([], 2, "required: COMMAND"),
        (["mitler"], 2, "invalid choice: 'mitler'"),
    ],
)
def test_words_of_the_parser(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(words)
    assert exited.value.code == code
    assert said in "".join(capsys.readouterr())


def test_python_m_mailpopbox(
    monkeypatch: pytest.MonkeyPatch, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mailpopbox", "check-config", str(good)])
    with pytest.raises(SystemExit) as exited:
        runpy.run_module("mailpopbox", run_name="__main__")
    assert exited.value.code == 0
    assert capsys.readouterr().out == f"{good}: fine\n"
