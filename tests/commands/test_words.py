"""What is the same for all commands: their words, rights, and where they print."""

import argparse
import io
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from hosts import ENVIRONMENT, ONE, Host
from mailpopbox import commands
from mailpopbox.cli import MODULES, command_of
from plugins import TOP

TEMPLATES = TOP / "templates/milter"
PAGE = (TEMPLATES / "usr/local/share/man/man8/mailpopbox.8.j2").read_text().replace("\\-", "-")
COMPLETION = TEMPLATES / "usr/share/bash-completion/completions/mailpopbox.j2"
NAMES = list(MODULES)


def options(name: str) -> set[str]:
    """Return the options that a command takes, as its parser has them."""
    parser = argparse.ArgumentParser()
    command_of(name).add_arguments(parser)
    return {word for action in parser._actions for word in action.option_strings}  # noqa: SLF001


def test_every_command_of_the_modules_is_known() -> None:
    modules = {info.name for info in pkgutil.iter_modules(commands.__path__)}
    found = {
        command.name: module
        for module in modules
        for command in getattr(import_module(f"mailpopbox.commands.{module}"), "COMMANDS", ())
    }
    assert found == MODULES


def test_a_command_imports_only_what_it_needs(host: Host) -> None:
    """All that the doctor knows takes longer than to list addresses."""
    program = "import sys; from mailpopbox.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    words = [sys.executable, "-c", program, "addresses", "--config", str(host.config)]
    done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    imported = done.stdout.split()
    assert "mailpopbox.commands.listing" in imported
    assert "mailpopbox.commands.doctor" not in imported


def sections() -> Iterator[tuple[str, str]]:
    """Yield what the manual says of each command, by its first line."""
    for block in re.split(r"^\.TP\n(?=(?:\\fB|\.B )[a-z])", PAGE, flags=re.MULTILINE)[1:]:
        first, _, text = block.partition("\n")
        yield first, first + text


@pytest.mark.parametrize("name", NAMES)
def test_the_manual_has_every_command_and_option(name: str) -> None:
    said = [
        text for first, text in sections() if re.search(rf"(?:\\fB|\.B ){name}(?:\\fR|$)", first)
    ]
    assert len(said) == 1
    common = {"-h", "--help", "--config", "--json"}
    assert all(option in said[0] for option in options(name) - common)
    assert all(option in PAGE for option in common - {"-h"})


@pytest.mark.parametrize("name", NAMES)
def test_every_command_says_what_it_does(host: Host, name: str) -> None:
    answer = host.run(name, "--help")
    assert answer.code == 0
    assert re.search(r"^[A-Z][^.]*[a-z)\d]\.$", answer.out, re.MULTILINE)
    assert "json." not in answer.out


def test_the_manual_has_no_other_options() -> None:
    known = set.union(*map(options, NAMES))
    assert set(re.findall(r"--[a-z-]+", PAGE)) <= known


def test_the_manual_can_be_set() -> None:
    words = ["man", "--warnings", "--encoding=utf8", "--local-file", "-"]
    done = subprocess.run(
        words, input=PAGE.replace("--", "\\-\\-"), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "EXIT STATUS" in done.stdout


def completed(*words: str) -> list[str]:
    """Return what bash offers for the last word."""
    script = """
    mailpopbox() { echo '{"addresses": [{"address": "shop@example.com"}, {"address": "b@x.test"}]}'; }
    . "$0"
    COMP_LINE="mailpopbox $*" COMP_POINT=1000
    _mailpopbox
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, str(COMPLETION), *words], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands() -> None:
    assert set(completed("")) == {*NAMES, "--help", "--version"}
    assert completed("sta") == ["status"]


@pytest.mark.parametrize("name", NAMES)
def test_bash_completes_options(name: str) -> None:
    assert set(completed(name, "-")) == options(name) - {"-h"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["show", ""], ["shop@example.com", "b@x.test"]),
        (["block", "sh"], ["shop@example.com"]),
        (["block", "--json", "shop@ex"], ["shop@example.com"]),
        (["status", ""], []),
        (["addresses", "--unused", ""], ["30min", "12h", "30d", "8w", "1y"]),
        (["expire", "shop", "--in", "3"], ["30min", "30d"]),
        (["tail", "--since", ""], []),
        (["new", "--login", ""], []),
        (["show", "--config", "/etc/host"], ["/etc/hostname", "/etc/hosts"]),
        (["import", "/etc/hostn"], ["/etc/hostname"]),
    ],
)
def test_bash_completes_what_follows(words: list[str], expected: list[str]) -> None:
    assert set(completed(*words)) >= set(expected)
    assert bool(completed(*words)) == bool(expected)


def test_a_missing_right(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of root nothing is kept out, so the question itself is answered here."""
    host.place = str(tmp_path / "ledger.sqlite")
    host.configure(ONE)
    host.run("block", "shop")
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK or path == host.config)
    for words in (["addresses"], ["block", "shop"], ["export"], ["rewrite", "--login", "x@y"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        answer = host.run(*words)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err == (
            f"{host.place}: no right to it; run this as root, or as a member of the group"
            " mailpopbox.\n"
        )


def test_a_folder_that_may_not_be_looked_into(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host.place = str(tmp_path / "ledger.sqlite")
    host.configure(ONE)

    def denied(_path: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "exists", denied)
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK or path == host.config)
    assert "no right to it" in host.run("addresses").err


def test_a_configuration_that_holds_a_password(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode == os.F_OK)
    answer = host.run("addresses")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith(f"{host.config}: no right to it; run this as root,")


def test_no_configuration(host: Host) -> None:
    host.config.unlink()
    answer = host.run("addresses")
    assert answer.code == 2
    assert "cannot be read: No such file or directory" in answer.err


def test_whoever_reads_may_have_seen_enough(used: Host) -> None:
    words = [sys.executable, "-m", "mailpopbox", "export", "--config", str(used.config)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        words, stdout=writing, stderr=subprocess.PIPE, env=ENVIRONMENT, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)

    def fileno(self) -> int:
        return self._descriptor


def test_a_closed_pipe_is_no_trouble(used: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdout", Closed(writing))
    answer = used.run("export")
    assert (answer.code, answer.err) == (1, "")
    # What Python still has to say when it ends goes nowhere.
    assert os.path.sameopenfile(writing, os.open(os.devnull, os.O_WRONLY))
    for descriptor in (reading, writing):
        os.close(descriptor)


def test_a_ledger_elsewhere(host: Host) -> None:
    """Nothing listens there, and the password is not told."""
    host.place = "postgresql://mail:secret@127.0.0.1:1/ledger"
    host.configure(ONE)
    answer = host.run("addresses")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("postgresql://127.0.0.1:1/ledger: ")
    assert "secret" not in answer.err
