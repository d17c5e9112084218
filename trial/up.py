#!/usr/bin/env python3
"""A complete mail server in a container of this machine, for a look. Usage: up.py [SETTINGS …].

SETTINGS are what ansible-playbook takes as --extra-vars: "key=value …", JSON, YAML or @FILE.
Run again, it brings the same server up to date; settings hold for one run.
"""

import errno
import json
import os
import poplib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import mail
import yaml

TOP = Path(__file__).resolve().parent.parent
STATE = TOP / ".try"
LOG = STATE / "deploy.log"
INVENTORY = TOP / "trial" / "inventory"
ENTER = str(TOP / "containers" / "enter")
DEPLOY = TOP / "trial" / "deploy.yml"
CONTAINER = "mailpopbox-try"
IMAGE = "localhost/mailpopbox-packaged:13"
# Where each service listens inside, and where we would like to publish it: no root needed.
SERVICES = {
    "smtp": (25, 2525),
    "submissions": (465, 4465),
    "submission": (587, 5587),
    "pop3s": (995, 9995),
    "pop3": (110, 1110),
}
NO_PACKAGES = (
    "The container did not reach Debian's packages: is this machine online, and may containers"
    " pass its firewall?\n"
)

Settings = dict[str, Any]
Server = mail.Mailbox


class TrialError(Exception):
    """Why there is no trial, and what to do about it."""


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def beside(tool: str) -> str:
    """Return a command of the environment that runs this."""
    return str(Path(sys.executable).parent / tool)


# What is asked for


def read_settings(given: Sequence[str]) -> Settings:
    """Return the settings as Ansible reads them."""
    if not given:
        return {}
    # An inventory of one host that has no variables but these.
    argv = [beside("ansible-inventory"), "--inventory", "given,", "--host", "given"]
    done = run(*argv, *chain.from_iterable(("--extra-vars", text) for text in given))
    if done.returncode:
        complaint = done.stderr.rpartition("[ERROR]: ")[2].splitlines()[0]
        raise TrialError(f"Ansible cannot read VARS: {' '.join(given)}\n{complaint}")
    settings: Settings = json.loads(done.stdout)
    for key in settings:
        if not key.startswith("mailpopbox_"):
            raise TrialError(
                f"Not a setting: {settings['_raw_params'] if key == '_raw_params' else key}\n"
                'Write VARS="mailpopbox_key=value …" or VARS=\'{"mailpopbox_key": [value, …]}\'.'
            )
    return settings


def keep_inside(settings: Settings, trial: Settings) -> Settings:
    """Make sure that no mail leaves: there is always a mailbox that gets it instead."""
    capture = settings.get("mailpopbox_capture_outbound", trial["mailpopbox_capture_outbound"])
    if not capture:
        raise TrialError("mailpopbox_capture_outbound: mail would leave the trial. Name a login.")
    mailboxes = settings.get("mailpopbox_mailboxes")
    if not isinstance(mailboxes, list):
        return settings
    outside = [box for box in trial["mailpopbox_mailboxes"] if box["login"] == capture]
    logins = [box.get("login") for box in mailboxes if isinstance(box, dict)]
    return settings | {"mailpopbox_mailboxes": mailboxes + outside * (capture not in logins)}


# The container


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def podman(*argv: str) -> str:
    done = run("podman", *argv)
    if done.returncode:
        raise TrialError(
            f"podman {argv[0]} failed: {done.stderr.strip()}\n"
            "To begin anew: make try-stop, then make try."
        )
    return done.stdout


def exists() -> bool:
    done = run("podman", "container", "exists", CONTAINER)
    if done.returncode > 1:
        raise TrialError(
            f"Podman does not work here: {done.stderr.strip()}\n"
            "The trial needs it to run containers; `podman info` should print no error."
        )
    return done.returncode == 0


def free_port(port: int) -> int:
    """Return that port of 127.0.0.1, or the next one that nobody listens on."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise
        return free_port(port + 1)
    return port


def published() -> dict[str, int]:
    """Return the ports of the container by service, also while it is stopped."""
    form = "{{json .HostConfig.PortBindings}}"
    bindings = json.loads(podman("container", "inspect", "--format", form, CONTAINER))
    return {
        name: int(bindings[f"{inside}/tcp"][0]["HostPort"])
        for name, (inside, _) in SERVICES.items()
        if f"{inside}/tcp" in bindings
    }


def create() -> None:
    say("making the container's image, unless it is there")
    if subprocess.run([TOP / "containers" / "build-image", IMAGE], check=False).returncode:
        raise TrialError("The image could not be made, see above.")
    say(f"starting the container {CONTAINER}")
    ports = [f"127.0.0.1:{free_port(port)}:{inside}" for inside, port in SERVICES.values()]
    podman(
        *("run", "--detach", "--replace", "--name", CONTAINER, "--hostname", "mx.example.com"),
        # Without SYS_ADMIN systemd silently leaves most sandboxing of its units out.
        *("--systemd=always", "--cap-add=SYS_ADMIN"),
        *(f"--publish={port}" for port in ports),
        IMAGE,
    )


def wait_for_boot() -> None:
    end = time.monotonic() + 60
    while run(ENTER, CONTAINER, "systemctl", "is-system-running").stdout.strip() not in {
        "running",
        "degraded",
    }:
        if time.monotonic() > end:
            raise TrialError(f"The container has not booted, see `podman logs {CONTAINER}`.")
        time.sleep(0.5)


def remove() -> None:
    podman("rm", "--force", "--time=0", "--volumes", CONTAINER)


# The playbook


def deploy(settings: Settings) -> None:
    """Run the playbook; show the names of its tasks, keep the rest in the log."""
    facts = {"trial_state": str(STATE), "trial_ports": published()}
    argv = [beside("ansible-playbook"), "--inventory", str(INVENTORY), str(DEPLOY)]
    argv += ["--extra-vars", json.dumps(settings | facts)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
    } | {
        "ANSIBLE_CONFIG": str(TOP / "ansible.cfg"),
        "ANSIBLE_CONNECTION_PLUGINS": str(TOP / "molecule" / "shared" / "connection"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/local/bin/ansible-python",
        "LC_ALL": "C.UTF-8",
    }
    with (
        subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as playbook,
        LOG.open("w") as log,
    ):
        for line in playbook.stdout or ():
            log.write(line)
            if task := re.match(r"(?:TASK|RUNNING HANDLER) \[(.*)\]", line):
                print(f"    {task[1].replace(' : ', ': ')}", flush=True)
    if playbook.returncode:
        said = failure(LOG.read_text())
        advice = NO_PACKAGES if re.search(r"apt cache|Failed to fetch", said) else ""
        raise TrialError(f"{said}\n{advice}The whole story: {LOG.relative_to(TOP)}")


def failure(output: str) -> str:
    """Return what the failed task said; where it said nothing, the end of the output."""
    blocks = re.findall(r"^(?:fatal|failed): \[[^\n]*=> *\n((?:(?: .*)?\n)+)", output, re.MULTILINE)
    said = [
        str(result[key]).strip()
        for result in map(yaml.safe_load, blocks)
        for key in ("msg", "stderr")
        if result.get(key)
    ]
    return "\n".join(said) or output[max(output.rfind("[ERROR]: "), 0) :].strip()


def untouched() -> bool:
    """Tell whether the last run ended before it changed anything."""
    return re.search(r" changed=0 .* failed=1 ", LOG.read_text()) is not None


def up(given: Sequence[str]) -> Server:
    """Make it so, and return what server.json holds."""
    trial = yaml.safe_load((INVENTORY / "group_vars" / "mailservers.yml").read_text())
    settings = keep_inside(read_settings(given), trial)
    STATE.mkdir(mode=0o700, exist_ok=True)
    fresh = not exists() or set(published()) != set(SERVICES)
    if fresh:
        (STATE / "server.json").unlink(missing_ok=True)
        create()
    else:
        podman("start", CONTAINER)
    wait_for_boot()
    say("deploying with ansible-playbook; installing packages takes longest")
    try:
        deploy(settings)
    except TrialError:
        if fresh and untouched():
            remove()
        raise
    server: Server = json.loads((STATE / "server.json").read_text())
    check(server)
    return server


def check(server: Server) -> None:
    """Use every way into it once, from here."""
    say("trying its ports and logins")
    for box, client in (
        (server, mail.stranger),
        (server, mail.owner),
        (server, mail.pop3),
        (server["outside"], mail.pop3),
    ):
        try:
            with client(box):
                continue
        except (OSError, poplib.error_proto) as problem:
            raise TrialError(
                f"Deployed, but it does not answer on 127.0.0.1 as it should: {problem}\n"
                f"Its log: podman exec {CONTAINER} journalctl"
            ) from None


# What is printed


def pasted(server: Server) -> dict[str, list[str]]:
    """Return lines for a shell, each group with a sentence."""
    domains = server["domains"]
    mine, shop = (
        (f"{word}@{domains[0]}" if domains else server["login"]) for word in ("anything", "shop")
    )
    friend = "friend@somewhere.test"
    program, subject = ["trial/mail.py"], ["--subject", f"Question [sendas:{shop}]"]
    return {
        "Bring a first mail to any address, as another server does (no login):": [
            shlex.join([*program, "deliver", "--from", friend, "--to", mine])
        ],
        "Fetch it over POP3S:": [shlex.join([*program, "fetch"])],
        "Answer it (with the login, over TLS): it leaves from the address that it came in for:": [
            shlex.join([*program, "answer"])
        ],
        "Write first as any address, by a tag in the Subject:": [
            shlex.join([*program, "send", "--from", server["login"], "--to", friend, *subject])
        ],
        f"Neither left. Read them as {friend} would: signed, no trace of the login or the tag:": [
            shlex.join([*program, "fetch", "--outside"])
        ],
        "See which addresses are in use, and who writes to them:": [
            shlex.join(["podman", "exec", CONTAINER, "mailpopbox", "addresses"])
        ],
        "See which DNS records it would need, with the keys by which others check signatures:": [
            shlex.join(["podman", "exec", CONTAINER, "mailpopbox", "dns", "--values"])
        ],
        **(with_curl(server, friend, mine) if curl_speaks_mail() else {}),
        "Stop, and remove the container with its mail, and .try:": ["make try-stop"],
    }


def curl_speaks_mail() -> bool:
    curl = shutil.which("curl")
    return curl is not None and {"smtps", "pop3s"} <= set(run(curl, "--version").stdout.split())


def with_curl(server: Server, friend: str, mine: str) -> dict[str, list[str]]:
    """Return the same with curl, with nothing left to believe."""

    def letter(sender: str, to: str, *options: str) -> str:
        text = f"From: {sender}\\nTo: {to}\\nSubject: By curl\\n\\nHello!\\n"
        curl = ["curl", "-sS", "--crlf", "--upload-file", "-", "--mail-from", sender]
        return f"printf {shlex.quote(text)} | " + shlex.join([*curl, "--mail-rcpt", to, *options])

    def secure(scheme: str, service: str, box: Server, path: str) -> list[str]:
        at = f"{box['server_name']}:{box['ports'][service]}"
        trust = ["--cacert", ".try/server.crt", "--resolve", f"{at}:{box['host']}"]
        user = ["--user", f"{box['login']}:{box['password']}"]
        return [*trust, *user, f"{scheme}://{at}/{path}"]

    plain = f"smtp://{server['host']}:{server['ports']['smtp']}/somewhere.test"
    outside = server["outside"]
    return {
        "The same with curl; /1 is the oldest mail:": [
            letter(friend, mine, plain),
            shlex.join(["curl", "-sS", *secure("pop3s", "pop3s", server, "1")]),
            letter(mine, friend, *secure("smtps", "submissions", server, "somewhere.test")),
            shlex.join(["curl", "-sS", *secure("pop3s", "pop3s", outside, "1")]),
        ],
    }


def closing(server: Server) -> Iterator[str]:
    """Yield the last words, line by line."""
    ports, outside = server["ports"], server["outside"]
    arrives = f"any address at {', '.join(server['domains'])}" if server["domains"] else "see VARS"
    pop3 = f", or port {ports['pop3']}, STARTTLS" if "pop3" in ports else ""
    yield from f"""
  Login     {server["login"]}   ({arrives})
  Password  {server["password"]}
  Server    {server["host"]}   (its certificate names {server["server_name"]})
  Fetch     POP3, port {ports["pop3s"]}, SSL/TLS{pop3}
  Send      SMTP, port {ports["submissions"]}, SSL/TLS, or port {ports["submission"]}, STARTTLS
  Incoming  SMTP, port {ports["smtp"]}, for other servers, no login

No mail leaves: what is sent to other domains arrives at a second login.
  Login     {outside["login"]}
  Password  {outside["password"]}

In Thunderbird: new account, the login as address, configured by hand with these lines,
"normal password". It asks whether to trust the certificate, which no authority signed:
in this trial, yes. Scripts find all of it in .try/server.json.

Lines to paste in this folder:""".splitlines()
    for sentence, lines in pasted(server).items():
        yield from ("", sentence, *(f"    {line}" for line in lines))


def main() -> None:
    begin = time.monotonic()
    try:
        server = up([text for text in sys.argv[1:] if text])
    except TrialError as problem:
        sys.exit(f"==> failed. {problem}")
    except KeyboardInterrupt:
        sys.exit("==> interrupted; `make try` goes on, `make try-stop` clears up")
    say(f"your mail server runs, after {time.monotonic() - begin:.0f} seconds")
    print(*closing(server), sep="\n")


if __name__ == "__main__":
    main()
