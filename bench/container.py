"""The server that is measured, in a container that lasts as long as the run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from submit import Job, Report

TOP = Path(__file__).resolve().parent.parent
INVENTORY = TOP / "bench" / "inventory" / "hosts.yml"
LOG = TOP / ".cache" / "bench" / "deploy.log"
NAME = "mailpopbox-bench"
WATCHED = "outside@elsewhere.test"
_INBOX = f"/var/vmail/{WATCHED}/Maildir/new"
# Messages that wait for their delivery, and those whose delivery failed.
_WAITING = ["incoming", "active", "maildrop", "deferred"]


class BenchError(Exception):
    """Why nothing could be measured."""


def say(text: str) -> None:
    """Tell how far it got; standard output has the tables only."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def run(*argv: str, stdin: str = "", watched: bool = False) -> str:
    """Run a command as root in the container and return what it prints.

    Of one that takes long, its standard error can be `watched`.
    """
    done = subprocess.run(
        [TOP / "containers" / "enter", NAME, *argv],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=None if watched else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{argv[0]} in the container: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def run_as_milter(program: str, *arguments: str, stdin: str = "", watched: bool = False) -> str:
    """Run a program of ours as the user that owns the ledger."""
    path = "PYTHONPATH=/usr/local/lib/mailpopbox/python"
    argv = ["runuser", "-u", "mailpopbox", "--", "env", path, "python3", "-B", f"/bench/{program}"]
    return run(*argv, *arguments, stdin=stdin, watched=watched)


# Each message of a run is another one: of what it knows already, the ledger writes nothing new.
_handed_in = [0]


def submit(job: Job) -> Report:
    """Let the server's own machine submit messages to it, numbered on from the last ones."""
    job = replace(job, first=_handed_in[0] + 1)
    _handed_in[0] += job.messages
    answer = run("python3", "-B", "/bench/submit.py", stdin=json.dumps(asdict(job)))
    return Report(**json.loads(answer))


def empty(login: str) -> None:
    """Let a mailbox not grow from candidate to candidate."""
    run("rm", "-rf", f"/var/vmail/{login}")


def put_in_force(milters: str) -> None:
    """Let Postfix use these milters."""
    run("postconf", "-e", f"smtpd_milters={milters}")
    run("systemctl", "reload", "postfix")


def submit_one(job: Job) -> str:
    """Submit a message to the mailbox that is looked at, and return what arrived."""
    run("sh", "-c", f"rm -f {_INBOX}/*")
    submit(replace(job, messages=1, connections=1))
    wait_until("a message is to arrive", lambda: bool(_arrived()))
    return _arrived()


def _arrived() -> str:
    return run("sh", "-c", f"cat {_INBOX}/* 2>/dev/null || :")


def pid_of(unit: str) -> str:
    return run("systemctl", "show", "--value", "-p", "MainPID", unit).strip()


def memory(pid: str) -> list[str]:
    """Return the memory that a process has, and the most that it ever had, in MiB."""
    lines = run("cat", f"/proc/{pid}/status").splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return [f"{int(values[key].split()[0]) / 1024:.1f}" for key in ("VmRSS", "VmHWM")]


def memory_over(unit: str, job: Job, steps: int = 10) -> Iterator[list[str]]:
    """Yield rows of the memory that a milter has, from its start on, over the job's messages."""
    run("systemctl", "restart", unit)
    pid = pid_of(unit)
    yield ["0", *memory(pid)]
    done, part = 0, max(job.messages // steps, 1)
    while done < job.messages:
        count = min(part, job.messages - done)
        submit(replace(job, messages=count))
        done += count
        if pid_of(unit) != pid:
            raise BenchError(f"{unit} was started anew on the way, see its journal")
        row = [f"{done:,}", *memory(pid)]
        say(f"memory after {row[0]} messages: {row[1]} MiB")
        yield row


def machine(*packages: str) -> str:
    """Say on what it was measured; of packages, their versions too."""
    model = run("sh", "-c", "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1")
    cores = run("nproc")
    debian = run("cat", "/etc/debian_version")
    postfix = run("postconf", "-h", "mail_version")
    python = run("python3", "-c", "import platform; print(platform.python_version())")
    versions = [
        f", {package} " + run("dpkg-query", "--show", "--showformat=${Version}", package).strip()
        for package in packages
    ]
    return (
        f"{cores.strip()} cores ({model.strip() or 'of an unknown model'}),"
        f" Debian {debian.strip()}, Postfix {postfix.strip()}, Python {python.strip()}"
        + "".join(versions)
    )


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
