"""`certificate`: getting and renewing the certificate, for a timer and the playbook."""

import argparse
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailpopbox import renewal
from mailpopbox.commands.command import DONE, NO, Command, add_json, refused
from mailpopbox.commands.screen import Screen
from mailpopbox.examining import gathering
from mailpopbox.found import Certificate, Unknown
from mailpopbox.letter import post
from mailpopbox.programs import run
from mailpopbox.renewal import Renewal
from mailpopbox.times import clock
from mailpopbox.utc import iso

log = logging.getLogger(__name__)

INSTALL = Path("/usr/local/lib/mailpopbox/install-certificate")
_SECONDS = 60


def _arguments(parser: argparse.ArgumentParser) -> None:
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--force", action="store_true", help="get a new one with a new key, however good the old"
    )
    when.add_argument(
        "--if-due",
        action="store_true",
        help="ask certbot only if that failed before, or is half a day ago",
    )
    add_json(parser)


def _certificate(arguments: argparse.Namespace) -> int:
    folder, screen = gathering.ACME_STATE.parent, Screen.of_process()
    if not gathering.ACME_SETTINGS.exists():
        raise refused("No authority is asked for certificates here: mailpopbox_tls is not acme.")
    if not os.access(folder, os.W_OK):
        raise refused(f"{folder}: no right to it; run this as root.")
    with _alone(folder):
        now = int(time.time())
        before = gathering.remembered_renewal()
        if arguments.if_due and not renewal.is_due(before, now):
            screen.line("Not due.")
            return DONE
        old = _in_force()
        settings = renewal.settings_of(gathering.ACME_SETTINGS.read_text())
        why = _got(settings, force=arguments.force) or _installed(settings)
        after = renewal.tried(before, why, now)
        found = gathering.certificate()
        _keep(_told(after, settings["cert-name"], found, now))
    if arguments.json:
        screen.json(_as_json(found, why, is_new=_in_force() != old))
    elif not why:
        good = "" if isinstance(found, Unknown) else f", good until {clock(found.expires)}"
        screen.line(f"{'A new' if _in_force() != old else 'The same'} certificate{good}.")
    if why:
        log.error("no certificate: %s", why)
    return NO if why else DONE


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for another one to end: timer, playbook and people may meet."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _in_force() -> bytes:
    path = gathering.CERTIFICATE
    return path.read_bytes() if path.exists() else b""


def _got(settings: dict[str, str], *, force: bool) -> str:
    """Let certbot see to the certificate; return why it could not."""
    words = ["certbot", "certonly", "--config", str(gathering.ACME_SETTINGS)]
    # Whoever does not want the old one may have lost its key to others.
    more = ["--force-renewal", "--new-key"] if force else []
    ended = run([*words, *more], renewal.patience(settings))
    return "" if ended.well else renewal.reason_of(ended.said)


def _installed(settings: dict[str, str]) -> str:
    """Put in force what certbot keeps; return why that is not possible.

    Certbot's hook has done so if there was something new, but nobody hears of a hook that fails.
    """
    live = f"{settings['config-dir']}/live/{settings['cert-name']}"
    ended = run([str(INSTALL), f"{live}/fullchain.pem", f"{live}/privkey.pem"], _SECONDS)
    return "" if ended.well else " ".join(ended.said.split())


def _told(after: Renewal, name: str, found: Certificate | Unknown, now: int) -> Renewal:
    """Write to the administrator, if it is time to."""
    if isinstance(found, Unknown):
        return after
    words = renewal.letter(after, name, found.expires, now)
    return renewal.mailed(after, now) if words and post(words) else after


def _keep(after: Renewal) -> None:
    new = gathering.ACME_STATE.with_suffix(".new")
    new.write_text(renewal.kept(after))
    new.chmod(0o644)  # it holds no secret, and `status` is for more than root
    new.replace(gathering.ACME_STATE)


def _as_json(found: Certificate | Unknown, why: str, *, is_new: bool) -> dict[str, object]:
    known = None if isinstance(found, Unknown) else found
    return {
        "new": is_new,
        "why": why,
        "expires": known and iso(known.expires),
        "self_signed": known and known.is_self_signed,
    }


COMMANDS = (
    Command(
        "certificate",
        "get the certificate from the authority, or renew it if it is time (a timer runs this);"
        " exit 1 if that fails",
        _arguments,
        _certificate,
    ),
)
