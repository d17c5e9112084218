"""What the mail servers say of their DNS records, and what of it is meant."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mailpopbox.dns.judging import Question
from mailpopbox.dns.zones import spelled
from wanted import Wanted

TOP = Path(__file__).resolve().parent.parent
DONE, LEFT_TO_DO, REPAIR, REFUSED = range(4)


class StopError(Exception):
    """It ends here; the text says why and what to do."""

    def __init__(self, code: int, text: str, after: str = "Nothing was changed.") -> None:
        super().__init__(text)
        self.code = code
        self.after = after


def question_of(text: str) -> Question:
    """Read what is to be replaced: NAME/TYPE."""
    name, _, form = text.partition("/")
    if not name or not form:
        raise StopError(REPAIR, f"{text}: is no record. Write name and type: mx.example.com/A")
    return name.lower().removesuffix("."), form.upper()


def answers(options: Sequence[str], *, tlsa: bool) -> dict[str, Any]:
    """Return what each mail server says, and who has its DNS, by the names in the inventory."""
    with tempfile.TemporaryDirectory(prefix="mailpopbox-dns-") as folder:
        variables = json.dumps({"_answers": folder, "_tlsa": tlsa})
        argv = [sys.executable, "-m", "ansible", "playbook", *options]
        done = subprocess.run(
            [*argv, "--extra-vars", variables, str(TOP / "publish" / "fetch.yml")],
            cwd=TOP,
            env={**os.environ, "ANSIBLE_DISPLAY_OK_HOSTS": "no", "ANSIBLE_NOCOLOR": "1"},
            # What is piped in is the answer to our question. Ansible asks for passwords elsewhere.
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StopError(REPAIR, f"{done.stdout.strip()}\n")
        found = {path.stem: json.loads(path.read_text()) for path in Path(folder).glob("*.json")}
    if not found:
        raise StopError(
            REPAIR,
            "There is no mail server in the inventory. docs/install.md tells how to make one.",
        )
    return {host: answer_of(host, found[host]) for host in sorted(found)}


def answer_of(host: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if answer["provider"]["lacking"]:
        raise StopError(REPAIR, answer["provider"]["lacking"])
    # Ansible may make text of numbers.
    if int(answer["rc"]):
        why = answer["stderr"].strip() or "Deploy it first: ansible-playbook playbook.yml"
        raise StopError(REPAIR, f"{host} does not say which records it needs. {why}")
    printed = answer["stdout"]
    # Nor is it sure that text stays text.
    return {
        "provider": answer["provider"],
        "printed": json.loads(printed) if isinstance(printed, str) else printed,
    }


def the_provider(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return who has the DNS; all mail servers have to agree."""
    (host, first), *others = ((host, answer["provider"]) for host, answer in found.items())
    for other, named in others:
        if named != first:
            raise StopError(
                REPAIR,
                f"mailpopbox_dns_provider: {host} and {other} have different ones. Take one of them"
                f' at a time: make dns-apply OPTIONS="--limit {host}"',
            )
    provider: Mapping[str, Any] = first
    return provider


def chosen(every: Wanted, names: Sequence[str]) -> list[str]:
    """Return the zones that are named, in either spelling; all if none is."""
    known = {name: zone for zone in every.zones for name in (zone, spelled(zone))}
    for name in names:
        if name.lower() not in known:
            raise StopError(
                REPAIR, f"There is no zone {name}. There are: {', '.join(every.zones)}."
            )
    return list(dict.fromkeys(known[name.lower()] for name in names)) or list(every.zones)
