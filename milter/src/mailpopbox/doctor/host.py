"""The host itself: its disk, clock and queue."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailpopbox.counting import counted, octets
from mailpopbox.doctor.finding import Finding, bad, good, or_good, unknown, warning
from mailpopbox.found import Queue, Unknown
from mailpopbox.times import DAY, HOUR, span

# --- The disk ---

_LITTLE = 50 * 1000 * 1000


@dataclass(frozen=True, slots=True)
class Space:
    """How much is left of a file system: octets, and files (none where it has no such limit)."""

    path: str
    free: int
    size: int
    free_files: int = 0
    files: int = 0


def disk(spaces: Iterable[Space]) -> tuple[Finding, ...]:
    known = list(spaces)
    tightest = min(known, key=lambda each: each.free / max(each.size, 1))
    rest = f"{octets(tightest.free)} of {octets(tightest.size)} are free"
    return or_good(_disk(known), f"There is room on the disk: {rest} at {tightest.path}.")


def _disk(spaces: Iterable[Space]) -> Iterator[Finding]:
    fix = "Remove what is not needed, for instance old logs (journalctl --vacuum-size=100M)"
    for each in spaces:
        rest = f"{octets(each.free)} of {octets(each.size)} are left at {each.path}"
        if each.free < _LITTLE or each.free < each.size // 50:
            yield bad(each.path, f"The disk is full: {rest}.", f"{fix}, or get a larger disk.")
        elif each.free < each.size // 10:
            yield warning(each.path, f"The disk fills up: {rest}.", f"{fix}, or get a larger disk.")
        if each.free_files < each.files // 50:
            text = f"The disk takes hardly any more files: {each.free_files} of {each.files}"
            yield bad(f"{each.path} files", f"{text} are left at {each.path}.", f"{fix}.")


# --- The clock ---

# Between the beginning of NTP's time, in 1900, and that of Unix.
_SINCE_1900 = 2_208_988_800
ASK_FOR_TIME = b"\x23" + bytes(47)  # version 4, from a client (RFC 5905)


def time_told(answer: bytes) -> float | None:
    """Read what an NTP server answered; None if it tells no time."""
    if len(answer) < len(ASK_FOR_TIME) or answer[0] & 7 != 4 or not 0 < answer[1] < 16:
        return None
    seconds, fraction = map(float, struct.unpack("!II", answer[40:48]))
    return seconds - _SINCE_1900 + fraction / 2**32


def clock(ahead: float | Unknown, server: str) -> Finding:
    """Judge the clock; `ahead` is how many seconds it is before that of an NTP server."""
    if isinstance(ahead, Unknown):
        return unknown("clock", f"Nobody tells the right time: {ahead.why}.")
    off = f"{_duration(abs(ahead))} {'ahead' if ahead > 0 else 'behind'}"
    fix = "apt install systemd-timesyncd; if it is there: timedatectl timesync-status"
    if abs(ahead) >= 60:
        return bad("clock", f"The clock is {off}, by {server}.", fix)
    if abs(ahead) >= 5:
        return warning("clock", f"The clock is {off}, by {server}.", fix)
    return good(f"The clock is right, by {server}.")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 60 else span(int(seconds))


# --- The queue ---


def queue(found: Queue | Unknown, now: int) -> tuple[Finding, ...]:
    if isinstance(found, Unknown):
        return (unknown("queue", f"The queue cannot be seen: {found.why}."),)
    number = sum(found.messages.values())
    fine = (
        f"{counted(number, 'message')} in the queue, none for long."
        if number
        else "The queue is empty."
    )
    return or_good(_queue(found, number, now), fine)


def _queue(found: Queue, number: int, now: int) -> Iterator[Finding]:
    if held := found.messages.get("hold"):
        yield bad(
            "hold",
            f"{counted(held, 'message is', 'messages are')} held in the queue, and will not leave.",
            "postqueue -p lists them; postsuper -r QUEUE_ID lets one go, postsuper -d deletes it.",
        )
    age = now - (now if found.oldest is None else found.oldest)
    if age >= 4 * HOUR:
        judge = bad if age >= DAY else warning
        yield judge(
            "old",
            f"Mail waits in the queue since {span(age)}; {counted(number, 'message')} in all.",
            "postqueue -p says why; when that is mended, postqueue -f tries again.",
        )
