"""Running programs: what is made of those that fail, hang or are none."""

from pathlib import Path

import pytest
from mailpopbox.programs import Ended, run


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path / "program"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/bin/sh\necho $1 $LC_ALL", Ended("word C.UTF-8\n", "")),
        ("#!/bin/sh\ncat", Ended("given", "")),
        ("#!/bin/sh\necho a; echo 'b  c' >&2", Ended("a\n", "b  c\n")),
        ("#!/bin/sh\necho a; echo 'b  c' >&2; exit 1", Ended("a\n", "b  c\n", "program: b c")),
        ("#!/bin/sh\necho a; exit 69", Ended("a\n", "", "program: exit 69")),
        ("#!/bin/sh\nprintf '\\377'", Ended("\ufffd", "")),
        ("#!/bin/sh\nexec sleep 9", "program did not end within 0.2 seconds"),
        ("#!/nonexistent", "program is not here"),
        (None, "program is not here"),
        ("\x7fELF no program", "program: Exec format error"),
    ],
)
def test_how_a_program_ends(program: Path, text: str | None, expected: Ended | str) -> None:
    if text is not None:
        program.write_text(text)
        program.chmod(0o755)
    seconds = 0.2 if text and "sleep" in text else 60
    ended = run(["program", "word"], seconds, given="given")
    assert ended == (Ended("", expected, expected) if isinstance(expected, str) else expected)
    assert ended.well is (ended.why == "")
    assert ended.said == ended.printed + ended.complaint
