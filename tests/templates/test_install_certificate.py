"""The program that puts a certificate in force, with services that reload or do not."""

import os
import subprocess
from pathlib import Path

import pytest
from rendering import LARGE, render
from speakers import certificate

NAME = "tls/usr/local/lib/mailpopbox/install-certificate"
ALL = ["reload postfix", "reload dovecot", "reload nginx"]


class Installing:
    """A host whose services note what they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pem = certificate(folder)
        (folder / "tls").mkdir()
        self.program = folder / "install-certificate"
        self.program.write_text(
            render(NAME, LARGE).replace("/etc/mailpopbox/tls", str(folder / "tls"))
        )
        self.failing("")

    def failing(self, unit: str) -> None:
        path = self.folder / "bin/systemctl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!/bin/sh\n[ $1 = reload ] || exit 0\n"
            f'echo "$@" >>{self.folder}/told\n[ "$2" != "{unit}" ]\n'
        )
        path.chmod(0o755)

    def __call__(self) -> tuple[int, str, list[str]]:
        """Install; return how it ended, what it said, and which services it told what."""
        told = self.folder / "told"
        told.write_text("")
        done = subprocess.run(
            ["sh", self.program, self.pem, self.pem],
            env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
            check=False,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr, told.read_text().splitlines()


@pytest.fixture
def install(tmp_path: Path) -> Installing:
    return Installing(tmp_path)


def test_a_new_one_is_reloaded_once(install: Installing) -> None:
    assert install() == (0, "installed\n", ALL)
    assert install() == (0, "unchanged\n", [])
    assert [each.name for each in (install.folder / "tls").iterdir()] == ["server.pem"]


def test_who_does_not_reload_holds_up_nobody_and_is_told_again(install: Installing) -> None:
    install.failing("postfix")
    for _ in range(2):
        code, said, told = install()
        assert (code, told) == (3, ALL)
        assert "postfix does not reload" in said
    install.failing("")
    assert install() == (0, "installed\n", ALL)
    assert install() == (0, "unchanged\n", [])


def test_what_fails_its_check_changes_nothing(install: Installing) -> None:
    install()
    before = (install.folder / "tls/server.pem").read_bytes()
    install.pem.write_text("nonsense")
    assert install()[0] == 1
    assert (install.folder / "tls/server.pem").read_bytes() == before
