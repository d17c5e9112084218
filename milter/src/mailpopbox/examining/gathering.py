"""Finding out how the server is: each function asks one part of it, and says what it cannot see."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mailpopbox.doctor.doors import trusted_by
from mailpopbox.found import Certificate, LedgerState, Queue, Size, Unknown
from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.entries import frozen_mailboxes, totals
from mailpopbox.ledger.opening import to_read
from mailpopbox.ledger.store import engine_for
from mailpopbox.programs import run
from mailpopbox.renewal import Renewal, recalled

CERTIFICATE = Path("/etc/mailpopbox/tls/server.pem")
# They are there where an authority is asked for certificates.
ACME_SETTINGS = Path("/etc/mailpopbox/acme/certbot.ini")
ACME_STATE = Path("/var/lib/mailpopbox-acme/state.json")

_SECONDS = 20


def output(words: Sequence[str]) -> str | Unknown:
    """Run a program that only looks, and return what it printed."""
    ended = run(words, _SECONDS)
    return ended.printed if ended.well else Unknown(ended.why)


def service(units: Sequence[str]) -> str | Unknown:
    printed = output(["systemctl", "show", "--property=ActiveState,SubState", *units])
    return printed if isinstance(printed, Unknown) else service_state(printed)


def service_state(printed: str) -> str:
    """Read what `systemctl show` printed of some units, of which one has to run."""
    found = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in printed.split("\n\n")
    ]
    for unit in found:
        if unit.get("ActiveState") == "active" and unit.get("SubState") != "exited":
            return "active"
    states = [unit.get("ActiveState", "unknown") for unit in found]
    return next((each for each in states if each not in {"active", "inactive"}), "inactive")


def trusted_networks() -> Sequence[str] | Unknown:
    """Return who may send to others without a login, besides programs of the host."""
    printed = output(["postconf", "-xh", "smtpd_relay_restrictions", "mynetworks"])
    return printed if isinstance(printed, Unknown) else trusted_by(printed)


def queue() -> Queue | Unknown:
    printed = output(["postqueue", "-j"])
    return printed if isinstance(printed, Unknown) else queue_of(printed.splitlines())


def queue_of(printed: Iterable[str]) -> Queue | Unknown:
    """Read what `postqueue -j` printed."""
    messages: Counter[str] = Counter()
    arrivals = []
    try:
        for line in printed:
            found = json.loads(line)
            messages[str(found["queue_name"])] += 1
            arrivals.append(int(found["arrival_time"]))
    except (ValueError, KeyError, TypeError):
        return Unknown("postqueue printed what is no queue")
    return Queue(dict(messages), min(arrivals, default=None))


def size_of(maildir: Path) -> Size | Unknown:
    """Add up a Maildir; there is none before the first mail."""
    sizes: list[int] = []
    for name in ("new", "cur"):
        try:
            with os.scandir(maildir / name) as found:
                sizes += [size for each in found if (size := _size(each)) is not None]
        except FileNotFoundError:
            continue
        except OSError as error:
            return Unknown(f"{maildir}: {error.strerror}")
    return Size(len(sizes), sum(sizes))


def _size(found: "os.DirEntry[str]") -> int | None:
    try:
        return found.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # fetched just now
        return None


def certificate() -> Certificate | Unknown:
    """Look at the certificate that is in force."""
    if not os.access(CERTIFICATE, os.R_OK):
        return Unknown(f"{CERTIFICATE} cannot be read")
    wanted = ["-enddate", "-subject", "-issuer", "-ext", "subjectAltName"]
    words = ["openssl", "x509", "-noout", *wanted, "-in"]
    printed = output([*words, str(CERTIFICATE)])
    return printed if isinstance(printed, Unknown) else certificate_of(printed)


def certificate_of(printed: str) -> Certificate | Unknown:
    """Read lines like `notAfter=Nov 20 09:36:11 2036 GMT`, `issuer=CN = b`, `DNS:a.example.com`."""
    told = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    text = " ".join(told.get("notAfter", "").split())
    try:
        found = datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    except ValueError:
        return Unknown("openssl printed no date")
    names = tuple(re.findall(r"\bDNS:([^\s,]+)", printed))
    return Certificate(int(found.timestamp()), told.get("subject") == told.get("issuer"), names)


def remembered_renewal() -> Renewal:
    """Return what is known of the last attempts to renew it."""
    return recalled(ACME_STATE.read_text()) if ACME_STATE.exists() else Renewal()


def ledger_state(place: str) -> LedgerState | Unknown:
    # Without any password.
    shown = engine_for(place).shown
    try:
        with to_read(place) as ledger:
            frozen = tuple(frozen_mailboxes(ledger))
            return LedgerState(shown, totals(ledger), _size_of_file(place), frozen)
    except LedgerError as error:
        return Unknown(str(error), is_wrong=True)
    except OSError as error:
        return Unknown(str(error))


def _size_of_file(place: str) -> int | None:
    """Return what SQLite needs, with what it has not yet put in its place."""
    paths = [Path(place + ending) for ending in ("", "-wal")]
    sizes = [path.stat().st_size for path in paths if path.exists()]
    return sum(sizes) if sizes else None
