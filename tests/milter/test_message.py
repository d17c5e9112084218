"""What the rules answer with."""

import pytest
from mailpopbox.message import (
    AddHeader,
    Refusal,
    RemoveHeader,
    SetHeader,
    SetSender,
    applied,
    in_safe_order,
)


def test_removals_come_late_and_from_the_bottom_up() -> None:
    changes = (
        AddHeader("X-New", "1"),
        RemoveHeader("Received", 1),
        SetHeader("Received", 3, "2"),
        RemoveHeader("Received", 2),
        SetSender("alias@example.com"),
    )
    assert in_safe_order(changes) == [
        SetHeader("Received", 3, "2"),
        SetSender("alias@example.com"),
        RemoveHeader("Received", 2),
        RemoveHeader("Received", 1),
        AddHeader("X-New", "1"),
    ]


def test_changes_are_applied_by_name_and_number() -> None:
    pairs = (("A", "1"), ("a", "2"), ("B", "3"), ("A", "4"), ("a", "5"))
    changes = (
        RemoveHeader("A", 1),
        SetHeader("a", 3, "x"),
        AddHeader("A", "6"),
        RemoveHeader("a", 4),
        SetSender("a@example.com"),
        AddHeader("C", "7"),
    )
    assert applied(pairs, changes) == (
        ("a", "2"), ("B", "3"), ("A", "x"), ("A", "6"), ("C", "7")
    )  # fmt: skip


@pytest.mark.parametrize(("code", "permanent"), [(421, False), (451, False), (550, True)])
def test_which_refusals_are_permanent(code: int, permanent: bool) -> None:  # noqa: FBT001
    assert Refusal(code, "4.3.0", "Why").permanent is permanent
