"""The server that is measured, in a container that lasts as long as the run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from submit import Job, Report

TOP = Path(__file__).resolve().parent.parent
INVENTORY = TOP / "bench" / "inventory" / "hosts.yml"
LOG = TOP / ".cache" / "bench" / "deploy.log"
NAME = "mailpopbox-bench"
# Messages that wait for their delivery, and those whose delivery failed.
_WAITING = ["incoming", "active", "maildrop", "deferred"]


class BenchError(Exception):
    """Why nothing could be measured."""


def say(text: str) -> None:
    """Tell how far it got; standard output has the tables only."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def run(*argv: str, stdin: str = "") -> str:
    """Run a command as root in the container and return what it prints."""
    done = subprocess.run(
        ["podman", "exec", "--interactive", NAME, *argv],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{argv[0]} in the container: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def submit(job: Job) -> Report:
    """Let the server's own machine submit messages to it."""
    answer = run("python3", "-B", "/bench/submit.py", stdin=json.dumps(asdict(job)))
    return Report(**json.loads(answer))


def wait_until(what: str, look: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise BenchError(f"waited {seconds:g} seconds in vain: {what}")
        time.sleep(0.2)


def wait_for_empty_queue() -> None:
    """Let no candidate pay for what another one left behind."""
    folders = [f"/var/spool/postfix/{name}" for name in _WAITING]
    wait_until(
        "the queue is to be empty",
        lambda: not run("find", *folders, "-type", "f", "-print", "-quit"),
    )


@contextmanager
def deployed(*playbooks: str) -> Iterator[None]:
    """Have the container, with these playbooks run in it; afterwards it is gone, whatever comes."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    try:
        say(f"deploying a server in the container {NAME}; it takes a minute or two")
        with LOG.open("w") as log:
            done = subprocess.run(
                _ansible("molecule/shared/create.yml", *playbooks),
                cwd=TOP,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            end = "\n".join(LOG.read_text().splitlines()[-20:])
            raise BenchError(f"it cannot be deployed:\n{end}\nThe whole story: {LOG}")
        yield
    finally:
        say("removing the container")
        subprocess.run(
            ["podman", "rm", "--force", "--ignore", "--time=0", "--volumes", NAME],
            stdout=subprocess.DEVNULL,
            check=False,
        )


def _ansible(*playbooks: str) -> list[str]:
    tool = str(Path(sys.executable).parent / "ansible-playbook")
    return [tool, f"--inventory={INVENTORY}", *playbooks]


def _environment() -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return others | {
        "ANSIBLE_CONFIG": str(TOP / "ansible.cfg"),
        "ANSIBLE_CONNECTION_PLUGINS": str(TOP / "molecule" / "shared" / "connection"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
