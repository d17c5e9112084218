"""`doctor`: how it makes its checks, how it tells, and what it writes."""

import io
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from mailpopbox.commands import doctor
from mailpopbox.commands.doctor import examined
from mailpopbox.commands.screen import Screen
from mailpopbox.dns.facts import Facts
from mailpopbox.doctor.finding import Finding, Result, bad, good, unknown, warning
from mailpopbox.examining.patient import Check, Patient
from patients import Server

# --- The command ---

LONG = bad("records", f"The record at {'a' * 60}.example.com is missing, and so on.", "")

ROOM, FULL = good("There is room."), bad("/", "The disk\x1b is full.", "Remove something.")


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(**found: Sequence[Finding] | Exception) -> None:
        def examine(each: Sequence[Finding] | Exception) -> Callable[[Patient], Sequence[Finding]]:
            def made(_patient: Patient) -> Sequence[Finding]:
                if isinstance(each, Exception):
                    raise each
                return each

            return made

        made = [Check(name, f"about {name}", examine(each)) for name, each in found.items()]
        monkeypatch.setattr(doctor, "CHECKS", made)

    return put


def test_all_is_well(server: Server, checks: Callable[..., None]) -> None:
    checks(disk=[ROOM], clock=[good("It is right.")])
    answer = server()
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "mx.example.com\ngood     disk   There is room.\ngood     clock  It is right.\n\nAll is well.\n"
    )
    found = server("--json")
    assert (found.code, found.json["well"]) == (0, True)


def test_something_is_bad(server: Server, checks: Callable[..., None]) -> None:
    checks(disk=[FULL, warning("/v", "It fills up.", "")], clock=ValueError(), queue=OSError("no."))
    answer = server()
    assert answer.code == 1
    assert answer.out.splitlines()[1:] == [
        "bad      disk   The disk? is full.",
        "                Remove something.",
        "warning  disk   It fills up.",
        "unknown  clock  This could not be looked at: ValueError.",
        "unknown  queue  This could not be looked at: no.",
        "",
        "1 bad, 1 warning, 2 unknown.",
    ]
    assert server("--json").json["findings"][0] == {
        "check": "disk",
        "state": "bad",
        "about": "/",
        "sentence": "The disk? is full.",
        "fix": "Remove something.",
    }


def test_codes(server: Server, checks: Callable[..., None]) -> None:
    checks(disk=[warning("/", "It fills up.", "")])
    assert server().code == 0
    checks(disk=[unknown("/", "Nobody knows.")], clock=[ROOM])
    assert server().code == 3
    assert server("--skip", "disk").code == 0
    assert server("--only", "disk").code == 3


def test_the_names_of_checks(server: Server) -> None:
    answer = server("--list")
    assert answer.code == 0
    names = [line.split()[0] for line in answer.out.splitlines()]
    assert names[0] == "services"
    assert len(names) == len(set(names)) > 15
    answer = server("--only", "x")
    assert answer.code == 2
    assert "There is no check x. There are: services, milters, " in answer.err


def test_without_rights(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, how: str(path) != str(server.milter) and access(path, how)
    )
    answer = server()
    assert answer.code == 1
    assert "cannot be read; run this as root." in answer.err


def test_what_hangs_is_not_waited_for() -> None:
    done = threading.Event()
    checks = [
        Check("slow", "", lambda _patient: [ROOM] if done.wait(30) else []),
        Check("quick", "", lambda _patient: [ROOM]),
    ]
    waited: list[set[str]] = []
    begun = time.monotonic()
    patient = Patient(None, None, Facts("mx.example.com"), "", 0, None)  # type: ignore[arg-type]
    slow, quick = examined(checks, patient, waited.append, 0.5)
    assert time.monotonic() - begun < 5
    done.set()
    assert [each.sentence for each in slow.findings] == [
        "This could not be looked at within 0 seconds."
    ]
    assert quick.findings == (ROOM,)
    assert waited[-2:] == [{"slow"}, set()]


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal() -> None:
    out, err = Terminal(), Terminal()
    screen = Screen(out, err, 60, coloured=True)
    show = doctor._progress(screen)  # noqa: SLF001
    show({"trip", "disk"})
    show(set())
    assert err.getvalue() == "\r\x1b[Klooking at disk, trip …\r\x1b[K"
    sentence = "The disk is full, and so nothing can be written to it any more."
    results = [Result("disk", (bad("/", sentence, "Remove something that is large."),))]
    doctor._show(results, screen, "mx.example.com")  # noqa: SLF001
    assert out.getvalue().splitlines()[1:4] == [
        "\x1b[31mbad    \x1b[0m  disk  The disk is full, and so nothing can be",
        "               written to it any more.",
        "\x1b[2m               Remove something that is large.\x1b[0m",
    ]
    doctor._progress(Screen(io.StringIO(), err))({"trip"})  # noqa: SLF001


# --- Letters ---


def test_letters_tell_what_changed(server: Server, checks: Callable[..., None]) -> None:
    posted = server.folder / "posted"
    server.program("sendmail", f"cat >>{posted}; echo >>{posted}")

    def look(*found: Finding) -> str:
        posted.unlink(missing_ok=True)
        checks(disk=found)
        server("--mail-changes")
        return posted.read_text() if posted.exists() else ""

    assert look(ROOM) == ""
    letter = look(FULL)
    assert "Subject: mx.example.com: The disk? is full." in letter
    assert f"\nSubject: mx.example.com: {LONG.sentence}\n" in look(FULL, LONG)
    assert "\nRemove something.\n" in letter
    assert look(FULL, LONG) == ""
    server.program("sendmail", "exit 75")
    assert look(ROOM) == ""
    # It could not be written, so it is still news.
    server.program("sendmail", f"cat >>{posted}")
    assert "Subject: mx.example.com: all is well again" in look(ROOM)
    assert look(ROOM) == ""


def test_letters_take_a_right(
    server: Server, checks: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    checks(disk=[ROOM])
    monkeypatch.setattr(doctor, "_MEMORY", Path("/nonexistent/state.json"))
    answer = server("--mail-changes")
    assert answer.code == 1
    assert "/nonexistent: no right to it; run this as root." in answer.err
