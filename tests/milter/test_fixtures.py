"""Messages as real programs make them, and what leaves of them.

Beside each NAME.eml stands NAME.expected, the message that leaves, or NAME.refused.
"""

import re
from pathlib import Path

import pytest
from judging import CONFIG, LOGIN
from mailpopbox.addresses import mailboxes
from mailpopbox.oneshot import rewritten, split

MESSAGES = sorted((Path(__file__).parent / "fixtures").glob("*.eml"))


def without_token(message: bytes) -> bytes:
    return re.sub(rb"<[0-9a-f]{32}@", b"<TOKEN@", message)


@pytest.mark.parametrize("path", MESSAGES, ids=[path.stem for path in MESSAGES])
def test_what_leaves(path: Path) -> None:
    rewriting = rewritten(path.read_bytes(), LOGIN, LOGIN, CONFIG)
    if refusal := rewriting.decision.refusal:
        said = f"{refusal.code} {refusal.enhanced} {refusal.text}\n"
        assert said == path.with_suffix(".refused").read_text()
        return
    assert without_token(rewriting.message).decode("utf-8", "surrogateescape") == (
        path.with_suffix(".expected").read_bytes().decode("utf-8", "surrogateescape")
    )
    [sender] = [value for name, value in split(rewriting.message)[0] if name == "From"]
    assert rewriting.sender == mailboxes(sender)[0].address


def test_each_has_one_result() -> None:
    results = sorted(
        path.stem
        for path in MESSAGES[0].parent.iterdir()
        if path.suffix in {".expected", ".refused"}
    )
    assert results == sorted(path.stem for path in MESSAGES)
