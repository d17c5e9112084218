"""The commands, as a shell sees them."""

import io
import runpy
import sys
import time
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from mailpopbox import __version__
from mailpopbox.cli import main
from mailpopbox.config import Config, Watched, load
from mailpopbox.counters import Counters
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.passage import Passage, Use

GOOD = """\
socket: /run/mailpopbox/milter.sock
hostname: mx.example.com
ledger: /nonexistent/ledger.sqlite
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

    def serve(self, watched: Watched, counters: Counters) -> None:
        if self.trouble:
            raise self.trouble
        counters.count("passed", None, 0)
        self.served.append(watched.current())


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
            f"{good}: log_level: 'loud' is none of debug, info, warning, error\n"
        ),
    )


def test_milter_serves_with_the_configuration(good: Path, server: FakeServe) -> None:
    assert main(["milter", "--config", str(good)]) == 0
    assert server.served == [load(good)]


def test_milter_keeps_counters(good: Path, server: FakeServe, tmp_path: Path) -> None:
    counters = tmp_path / "counters.prom"
    assert main(["milter", "--config", str(good), "--counters", str(counters)]) == 0
    assert len(server.served) == 1
    deadline = time.monotonic() + 5
    while not counters.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "mailpopbox_messages_total" in counters.read_text()


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
        ([], 2, 'A command is missing. "mailpopbox --help" lists them all.'),
        (["mitler"], 2, "There is no command 'mitler'. Did you mean milter?"),
        (["xyzzy"], 2, "There is no command 'xyzzy'. \"mailpopbox --help\" lists them all."),
        (["--mitler"], 2, "required: COMMAND"),
    ],
)
def test_words_of_the_parser(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(words)
    assert exited.value.code == code
    assert said in "".join(capsys.readouterr())


MESSAGE = b"From: Jane <mailbox@example.com>\nSubject: [sendas:shop] x\nMessage-ID: <1@a>\n\nBody\n"
LEAVING = "From: Jane <shop@example.com>\nSubject: x\nMessage-ID: <1@example.com>\n\nBody\n"
REWRITE = ["rewrite", "--login", "mailbox@example.com"]


@pytest.mark.parametrize("more", [[], ["--sender", ""], ["--sender", "a@example.org"]])
def test_rewrite_from_stdin(
    good: Path,
    more: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MESSAGE)))
    assert main([*REWRITE, *more, "--config", str(good)]) == 0
    assert capsys.readouterr() == (LEAVING, "")


def test_rewrite_explains(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(MESSAGE)
    assert main([*REWRITE, "--explain", "--config", str(good), str(message)]) == 0
    assert capsys.readouterr() == (
        LEAVING,
        (
            "ledger   /nonexistent/ledger.sqlite is not there: nothing is known of earlier mail.\n"
            "rule  3  The tag names shop@example.com.\n"
            "rule  7  The tag is taken out of the Subject.\n"
            "rule 11  From becomes Jane <shop@example.com>.\n"
            "rule 12  Bounces come back to the same address.\n"
            "rule 14  Message-ID gets the domain of the address.\n"
        ),
    )


@pytest.mark.parametrize("explain", [[], ["--explain"]])
def test_rewrite_refuses(
    good: Path, tmp_path: Path, explain: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(MESSAGE.replace(b"shop]", b"shop@example.org]"))
    assert main([*REWRITE, *explain, "--config", str(good), str(message)]) == 1
    out, said = capsys.readouterr()
    assert out == ""
    sentence = "mailbox@example.com may not send as shop@example.org."
    assert said.endswith(
        f"550 5.7.1 {sentence} Use an address of your own, like [sendas:shop@example.com].\n"
    )
    assert said.startswith("ledger   " if explain else "550")
    assert (f"\nrule  4  {sentence}" in said) == bool(explain)


def test_rewrite_of_a_file_that_is_not_there(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*REWRITE, "--config", str(good), str(tmp_path / "none.eml")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_rewrite_agrees_with_the_server(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "ledger.sqlite"
    with closing(Database(engine_for(str(place)))) as database:
        use = Use("mailbox@example.com", "shop@example.com", domain="a.example")
        Store(database).remember(Passage(("<1@a.example>",), (use,)))
    good.write_text(GOOD.replace("/nonexistent/ledger.sqlite", str(place)))
    message = tmp_path / "message.eml"
    message.write_bytes(
        b"From: mailbox@example.com\nIn-Reply-To: <1@a.example>\nMessage-ID: <2@b>\n\n"
    )
    assert main([*REWRITE, "--explain", "--config", str(good), str(message)]) == 0
    out, said = capsys.readouterr()
    assert out.startswith("From: shop@example.com\n")
    assert said.startswith("rule 19  It answers mail that came in for shop@example.com.\n")


def test_python_m_mailpopbox(
    monkeypatch: pytest.MonkeyPatch, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mailpopbox", "check-config", str(good)])
    with pytest.raises(SystemExit) as exited:
        runpy.run_module("mailpopbox", run_name="__main__")
    assert exited.value.code == 0
    assert capsys.readouterr().out == f"{good}: fine\n"
