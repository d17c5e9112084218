"""No header takes long to judge, whatever somebody puts into it."""

import time

import pytest
from judging import LOGIN, ask_exactly

SIZE = 100_000
SHAPES = [
    "[sendas:shop] ", '[sendas:a" <shop>]', "[sendas:", "%5Bsendas:", "%5Bsendas:shop%5D ", "[",
    "=?utf-8?b?YQ==?= ", "=?a?q?x", "=?a?q?", "=?", "?", "(", "()", '"', "\\", "@", "a@", ",", "<",
    "<>", "; ", ";a*0=b", "mailbox ", "mailbox@", f"{LOGIN}, ", "mailbox @ example . com, ", ".",
    "mailbox@example ", "%", "%40", ":", "*", "a", "\n ", "\r", " ", "\u200b", "\uff3b", "\u0301",
    "=?utf-8?q?a?= <a@b.example>, ", "a: b@c.example; ", "a.", "\udcff", "<a@b.example> ", "[a] ",
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_headers(shape: str) -> None:
    value = shape * (SIZE // len(shape))
    nested = "(" * (SIZE // 2) + ")" * (SIZE // 2) if shape == "(" else value
    messages = [
        (("From", LOGIN), ("Subject", value)),
        (("From", LOGIN), ("Subject", "[sendas:shop]"), ("To", f"{value} {LOGIN}"), ("X", nested)),
        (("From", f"{value} <{LOGIN}>"), ("Subject", f"[sendas:a@{value}]")),
        (("From", LOGIN), ("Subject", "x"), ("In-Reply-To", value), ("References", nested)),
        (("From", f"a@{value}"), ("Subject", "[sendas:shop]"), ("Message-ID", f"<a@{value}>")),
    ]
    for message in messages:
        started = time.process_time()
        ask_exactly(message)
        # Usually a tenth of it; what grows with the square of the size takes minutes.
        assert time.process_time() - started < 5
