"""The containers of a scenario, and what one runs in them; all of it has a time limit."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

TOP = Path(__file__).resolve().parents[2]
ENTER = TOP / "containers" / "enter"
SERVICES = {
    25: "smtp",
    53: "domain",
    110: "pop3",
    143: "imap",
    443: "https",
    465: "submissions",
    587: "submission",
    993: "imaps",
    995: "pop3s",
}
# Longer than anything takes, even where other things keep the machine busy.
NETWORK_SECONDS = 60
PROVOKING, PROVOKED = "provoking", "provoked"

T = TypeVar("T")


def wait_until(what: str, look: Callable[[], T | None], timeout: float = NETWORK_SECONDS) -> T:
    """Return the first true result of `look`; fail with `what` was waited for."""
    end = time.monotonic() + timeout
    while not (result := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {timeout:g} seconds")
        time.sleep(0.3)
    return result


@dataclass(frozen=True)
class Host:
    """One container of the scenario."""

    name: str
    container: str
    release: int
    inventory: Path = field(repr=False)
    variables: Mapping[str, Any] = field(repr=False)

    @property
    def enter(self) -> list[str]:
        """What stands before a command that is to run in the container, as root."""
        return [str(ENTER), self.container]

    def run(
        self,
        *argv: str,
        stdin: str = "",
        check: bool = True,
        timeout: float = NETWORK_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root in the container; with `check`, fail with its output."""
        done = subprocess.run(
            [*self.enter, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{self.name}: {argv} exited with {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def python(self, program: str, *arguments: str, timeout: float = NETWORK_SECONDS) -> str:
        """Run a Python program on the host itself and return what it prints."""
        return self.run("python3", "-", *arguments, stdin=program, timeout=timeout).stdout

    def read(self, path: str) -> bytes:
        """Return a file of the host, octet by octet."""
        return subprocess.run(
            [*self.enter, "cat", path],
            capture_output=True,
            timeout=NETWORK_SECONDS,
            check=True,
        ).stdout

    def write(self, path: str, content: str) -> None:
        """Write a file on the host, in place, readable by root only."""
        self.run("sh", "-c", 'umask 077; cat >"$1"', "sh", path, stdin=content)

    def journal(self, since: float) -> str:
        """Return what the host logged since a point of Unix time."""
        return self.run(
            "journalctl", "--no-pager", "--output=short", f"--since=@{int(since)}"
        ).stdout

    @cached_property
    def ports(self) -> dict[str, int]:
        """The published ports by the names of their services."""
        done = subprocess.run(
            ["podman", "port", self.container],
            capture_output=True,
            text=True,
            timeout=NETWORK_SECONDS,
            check=True,
        )
        published = re.findall(r"^(\d+)/tcp -> .*:(\d+)$", done.stdout, re.MULTILINE)
        return {SERVICES[int(inside)]: int(outside) for inside, outside in published}

    @contextmanager
    def provoking(self, *patterns: str) -> Iterator[None]:
        """Note in the journal which warnings (expressions) the enclosed lines mean to cause.

        The last test of all looks for warnings, and passes over these.
        """
        words = json.dumps(patterns)
        self.run("logger", "--tag", PROVOKING, words)
        try:
            yield
        finally:
            self.run("logger", "--tag", PROVOKED, words)
