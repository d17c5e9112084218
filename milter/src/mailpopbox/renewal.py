"""How getting the certificate from an authority goes: what is remembered of it, and who is told.

Pure: no certbot, clock, file or mail is in it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from mailpopbox.found import Certificate, Unknown
from mailpopbox.letter import Letter
from mailpopbox.utc import iso_day

DAY = 24 * 60 * 60
# Certificates of ninety days are renewed thirty days before their end: this is nine failed days on.
_MAILED_FROM = 21 * DAY
# The timer comes every hour. While all is well, certbot is asked about twice a day.
_PAUSE = 11 * 60 * 60
_FORGOTTEN = 2 * DAY
# Longest wait for certbot, besides the time that a DNS record gets to travel.
_PATIENCE = 120


_SAID = re.compile(r"^Domain: (.*)\n(?:Type: .*\n)?Detail: (.*)$", re.MULTILINE)
_NO_REASON = re.compile(
    r"Saving debug log to |An unexpected error occurred|Some challenges have failed|Ask for help "
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is remembered from one attempt to the next."""

    tried_at: int | None = None
    # Why the last attempt failed; "" if it did not.
    why: str = ""
    failing_since: int | None = None
    # When and why the administrator was written to; None when there is nothing to take back.
    mailed_at: int | None = None
    mailed_why: str = ""


def recalled(text: str) -> Renewal:
    """Read what `kept` wrote; who finds something else begins anew."""
    try:
        return Renewal(**json.loads(text))
    except (ValueError, TypeError):
        return Renewal()


def kept(renewal: Renewal) -> str:
    return json.dumps(asdict(renewal)) + "\n"


def is_due(renewal: Renewal, now: int) -> bool:
    """Tell whether to ask certbot, which then decides itself whether to renew."""
    if renewal.why or renewal.tried_at is None:
        return True
    return not 0 <= now - renewal.tried_at < _PAUSE


def tried(before: Renewal, why: str, now: int) -> Renewal:
    """Return what is known after one more attempt."""
    since = before.failing_since or now
    return replace(before, tried_at=now, why=why, failing_since=since if why else None)


def problems(renewal: Renewal | None, found: Certificate | Unknown, now: int) -> Iterator[str]:
    """Yield what is wrong with it; None where no authority is asked."""
    if renewal is None:
        return
    if renewal.why and isinstance(found, Certificate) and found.is_self_signed:
        yield f"the certificate is self-signed until the authority gives one: {renewal.why}"
    elif renewal.why:
        yield f"the certificate cannot be renewed: {renewal.why}"
    elif renewal.tried_at is None or renewal.tried_at < now - _FORGOTTEN:
        yield "nothing renews the certificate; see: systemctl status mailpopbox-acme.timer"


def letter(renewal: Renewal, name: str, expires: int, now: int) -> Letter | None:
    """Return what the administrator is to be told now, if anything.

    Of trouble: while there are less than three weeks left, once a day or when it is another one.
    That it is over: if there was a letter about it.
    """
    until = iso_day(expires // DAY)
    if not renewal.why:
        over = Letter(
            f"{name}: the certificate is renewed",
            f"All is well again: the certificate of {name} is good until {until}.\n",
        )
        return None if renewal.mailed_at is None else over
    if expires - now > _MAILED_FROM or _is_told(renewal, now):
        return None
    return Letter(
        f"{name}: the certificate cannot be renewed",
        f"The certificate of {name} ends on {until}, and it cannot be renewed:\n\n"
        f"    {renewal.why}\n\n"
        "It is tried again every hour. On the server, `mailpopbox certificate` tries at once,\n"
        "and `mailpopbox status` tells how it stands.\n",
    )


def _is_told(renewal: Renewal, now: int) -> bool:
    if renewal.mailed_at is None or _kind(renewal.why) != _kind(renewal.mailed_why):
        return False
    return 0 <= now - renewal.mailed_at < DAY


def _kind(why: str) -> str:
    """Return a reason without what is another at each attempt: tokens, numbers, addresses."""
    return re.sub(r"[\w-]*\d[\w-]*|acme-challenge/[\w-]+", "", why)


def mailed(renewal: Renewal, now: int) -> Renewal:
    """Return what is known after the letter."""
    if renewal.why:
        return replace(renewal, mailed_at=now, mailed_why=renewal.why)
    return replace(renewal, mailed_at=None, mailed_why="")


def reason_of(printed: str) -> str:
    """Find in what certbot printed why it failed."""
    lines = [line.strip() for line in printed.splitlines()]
    # What the authority said of each name; certbot has them in another order each time.
    said = sorted(_SAID.findall("\n".join(lines)))
    if said:
        return "; ".join(f"{name}: {detail}" for name, detail in said)
    told = [line for line in lines if line and not _NO_REASON.match(line)]
    return told[-1] if told else "certbot said nothing"


def settings_of(text: str) -> dict[str, str]:
    """Read certbot's file of settings."""
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    pairs = [line.split("=", 1) for line in lines]
    return {key.strip(): value.strip() for key, value in pairs}


def patience(settings: dict[str, str]) -> int:
    """Return how many seconds certbot may take."""
    waits = [value for key, value in settings.items() if key.endswith("-propagation-seconds")]
    return _PATIENCE + sum(map(int, waits))
