"""Whether a key is published: only if every server of the zone says so, and says nothing else."""

import pytest
from mailpopbox.dkim.records import is_published, name_of, text_of
from mailpopbox.dkim.state import Key

KEY = Key("s202611", "rsa")
RIGHT = "v=DKIM1; k=rsa; p=AAAA"


def test_the_record() -> None:
    assert name_of("example.com", KEY) == "s202611._domainkey.example.com"
    assert text_of(KEY, "AAAA") == RIGHT


@pytest.mark.parametrize(
    "text", [RIGHT, "v=DKIM1;p=AAAA", "p=AA AA;", " k = rsa ; p = AAAA ; s=* ; t=s"]
)
def test_however_it_is_written(text: str) -> None:
    assert is_published("example.com", KEY, "AAAA", lambda _name: [[text], [RIGHT]])


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [[]],
        [[RIGHT], []],
        [[RIGHT], ["v=DKIM1; p=BBBB"]],
        [["v=DKIM1; p="]],
        [["v=DKIM1; k=ed25519; p=AAAA"]],
        [["v=DKIM1; t=y; p=AAAA"]],
        [[RIGHT, "v=DKIM1; p=BBBB"]],
        [["something else"]],
    ],
)
def test_what_is_not_published(answers: list[list[str]]) -> None:
    assert not is_published("example.com", KEY, "AAAA", lambda _name: answers)


def test_what_else_stands_there_is_no_matter() -> None:
    assert is_published("example.com", KEY, "AAAA", lambda _name: [["something else", RIGHT]])


def test_the_right_name_is_asked_for() -> None:
    asked: list[str] = []
    is_published("example.com", KEY, "AAAA", lambda name: asked.append(name) or [])  # type: ignore[func-returns-value]
    assert asked == ["s202611._domainkey.example.com"]
