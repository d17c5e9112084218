"""The frame of questions and answers."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.outbound.netstrings import framed, read


@given(st.lists(st.binary(max_size=300)))
def test_what_is_framed_is_read_again(texts: list[bytes]) -> None:
    given = [text.decode("utf-8", "surrogateescape") for text in texts]
    stream = BytesIO(b"".join(map(framed, given)))
    assert [read(stream) for _ in given] == given
    assert read(stream) is None


@pytest.mark.parametrize(
    "octets",
    [
        b"hello",
        b"5hello,",
        b"5:hello",
        b"5:hel",
        b"5:hello;",
        b":,",
        b"5",
        b"200000:",
        b"9999999:x,",
    ],
)
def test_anything_else_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match="not a"):
        read(BytesIO(octets))
