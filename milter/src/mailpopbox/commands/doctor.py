"""`doctor`: everything that can be wrong with the server, and what to do about it."""

import argparse
import os
import queue
import signal
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from mailpopbox.commands.command import (
    DONE,
    NO,
    UNANSWERED,
    Command,
    add_config,
    add_json,
    refused,
    to_repair,
)
from mailpopbox.commands.keys import add_keys
from mailpopbox.commands.screen import BOLD, DIM, GREEN, RED, YELLOW, Screen, printable
from mailpopbox.config import load as load_config
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dns.facts import load as load_facts
from mailpopbox.doctor import changes
from mailpopbox.doctor.finding import BAD, GOOD, UNKNOWN, WARNING, Finding, Result, unknown
from mailpopbox.doctor.settings import DOCTOR
from mailpopbox.doctor.settings import load as load_settings
from mailpopbox.examining.checks import CHECKS
from mailpopbox.examining.patient import Check, Patient
from mailpopbox.letter import post

_MEMORY = Path("/var/lib/mailpopbox-doctor/state.json")
_SECONDS = 27.0
_DEADLY = (signal.SIGTERM, signal.SIGHUP)
_STYLES = {GOOD: GREEN, WARNING: YELLOW, BAD: RED, UNKNOWN: YELLOW}
_ROOM = max(map(len, _STYLES))


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CHECK",
        help="make this check; again for more",
    )
    parser.add_argument(
        "--skip", action="append", default=[], metavar="CHECK", help="leave it out; again for more"
    )
    parser.add_argument("--list", action="store_true", help="list the checks, and make none")
    parser.add_argument(
        "--outside",
        metavar="HOST",
        help="try the way out at the mail servers of this domain, or at this one",
    )
    parser.add_argument(
        "--mail-changes",
        action="store_true",
        help="write to the administrator what changed since the last time (a timer runs this)",
    )
    add_keys(parser)
    add_config(parser, DOCTOR)
    add_json(parser)


def _doctor(arguments: argparse.Namespace) -> int:
    screen = Screen.of_process()
    chosen = _chosen(arguments.only, arguments.skip)
    if arguments.list:
        for each in chosen:
            screen.line(
                f"{each.name.ljust(max(len(check.name) for check in CHECKS))}  {each.about}"
            )
        return DONE
    patient = _patient(arguments)
    # Threads that are late, or cut off, do not come to clear up behind them.
    with _ending_in_order(), closing(patient.login):
        results = examined(chosen, patient, _progress(screen))
    if arguments.mail_changes:
        _mail_changes(results, patient.hostname)
    if arguments.json:
        screen.json(_as_json(results))
    else:
        _show(results, screen, patient.hostname)
    states = _count(results)
    if states[BAD]:
        return NO
    return UNANSWERED if states[UNKNOWN] else DONE


def _chosen(only: Sequence[str], skipped: Sequence[str]) -> Sequence[Check]:
    names = [each.name for each in CHECKS]
    for name in (*only, *skipped):
        if name not in names:
            raise to_repair(f"There is no check {name}. There are: {', '.join(names)}.")
    return [each for each in CHECKS if each.name in (only or names) and each.name not in skipped]


def _patient(arguments: argparse.Namespace) -> Patient:
    settings = load_settings(arguments.config)
    if not os.access(settings.milter, os.R_OK):
        raise refused(f"{settings.milter} cannot be read; run this as root.")
    config, facts = load_config(Path(settings.milter)), load_facts(Path(settings.dns))
    outside = settings.outside if arguments.outside is None else arguments.outside
    return Patient(config, settings, facts, outside, int(time.time()), Shelf(arguments.keys))


# --- Making the checks ---


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let what ends the process by default end it as an error does."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    deadly = [each for each in _DEADLY if signal.getsignal(each) is signal.SIG_DFL]
    for each in deadly:
        signal.signal(each, leave)
    try:
        yield
    finally:
        for each in deadly:
            signal.signal(each, signal.SIG_DFL)


def examined(
    checks: Sequence[Check],
    patient: Patient,
    progress: Callable[[set[str]], None],
    seconds: float = _SECONDS,
) -> list[Result]:
    """Make all checks at once; what has not ended in time is not known."""
    ended: queue.SimpleQueue[Result] = queue.SimpleQueue()
    for check in checks:
        # Nobody waits for one that hangs.
        threading.Thread(
            target=lambda each=check: ended.put(_made(each, patient)), daemon=True
        ).start()
    found: dict[str, Result] = {}
    end = time.monotonic() + seconds
    while len(found) < len(checks):
        progress({each.name for each in checks} - found.keys())
        try:
            result = ended.get(timeout=max(end - time.monotonic(), 0))
        except queue.Empty:
            break
        found[result.check] = result
    progress(set())
    late = unknown("", f"This could not be looked at within {seconds:.0f} seconds.")
    return [found.get(each.name, Result(each.name, (late,))) for each in checks]


def _made(check: Check, patient: Patient) -> Result:
    try:
        findings = tuple(map(_plain, check.examine(patient)))
    # Everything: a check that breaks must not hide what the others find.
    except Exception as error:  # noqa: BLE001
        reason = str(error).rstrip(".") or type(error).__name__
        findings = (_plain(unknown("", f"This could not be looked at: {reason}.")),)
    return Result(check.name, findings)


def _plain(finding: Finding) -> Finding:
    """Take out what could steer a terminal, or a letter: others choose what stands in DNS."""
    return replace(finding, sentence=printable(finding.sentence), fix=printable(finding.fix))


def _progress(screen: Screen) -> Callable[[set[str]], None]:
    """Say on a terminal what is being waited for."""
    if screen.width is None or not screen.err.isatty():
        return lambda _names: None
    room = screen.width

    def show(names: set[str]) -> None:
        text = f"looking at {', '.join(sorted(names))} …" if names else ""
        screen.err.write(f"\r\x1b[K{text[: room - 1]}")
        screen.err.flush()

    return show


# --- Telling ---


def _count(results: Iterable[Result]) -> Counter[str]:
    return Counter(each.state for result in results for each in result.findings)


def _show(results: Sequence[Result], screen: Screen, hostname: str) -> None:
    room = max(len(result.check) for result in results)
    screen.line(hostname, BOLD)
    for result in results:
        for finding in result.findings:
            _show_finding(finding, result.check.ljust(room), screen)
    screen.line()
    screen.line(*_verdict(_count(results)))


def _show_finding(finding: Finding, check: str, screen: Screen) -> None:
    indent = " " * (_ROOM + len(check) + 4)
    first, *rest = _lines(finding.sentence, screen, len(indent))
    state = screen.styled(finding.state.ljust(_ROOM), _STYLES[finding.state])
    screen.write(f"{state}  {check}  {first}")
    for line in rest:
        screen.line(f"{indent}{line}")
    for line in _lines(finding.fix, screen, len(indent)) if finding.fix else ():
        screen.line(f"{indent}{line}", DIM)


def _lines(text: str, screen: Screen, taken: int) -> Sequence[str]:
    if screen.width is None:
        return [text]
    room = max(screen.width - taken, 30)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def _verdict(states: Counter[str]) -> tuple[str, str]:
    if set(states) <= {GOOD}:
        return "All is well.", GREEN
    parts = (f"{states[each]} {each}" for each in (BAD, WARNING, UNKNOWN, GOOD) if states[each])
    return f"{', '.join(parts)}.", RED if states[BAD] else YELLOW


def _as_json(results: Sequence[Result]) -> dict[str, object]:
    return {
        "well": set(_count(results)) <= {GOOD},
        "findings": [
            {
                "check": result.check,
                "state": each.state,
                "about": each.about or None,
                "sentence": each.sentence,
                "fix": each.fix or None,
            }
            for result in results
            for each in result.findings
        ],
    }


# --- Letters ---


def _mail_changes(results: Sequence[Result], hostname: str) -> None:
    """Write what changed, and remember it once it is written."""
    if not os.access(_MEMORY.parent, os.W_OK):
        raise refused(f"{_MEMORY.parent}: no right to it; run this as root.")
    before = changes.recalled(_MEMORY.read_text() if _MEMORY.exists() else "")
    change = changes.changed(before, results)
    if not change.is_news or post(changes.letter(change, hostname)):
        new = _MEMORY.with_suffix(".new")
        new.write_text(changes.kept(change.after))
        new.replace(_MEMORY)


COMMANDS = (
    Command(
        "doctor",
        "look at everything that can be wrong, and say what to do; exit 1 if something is bad, 3 if"
        " something could not be looked at",
        _arguments,
        _doctor,
    ),
)
