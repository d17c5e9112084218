"""What the rules answer with."""

import pytest
from mailpopbox.message import AddHeader, Refusal, RemoveHeader, SetHeader, SetSender, in_safe_order


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


@pytest.mark.parametrize(("code", "permanent"), [(421, False), (451, False), (550, True)])
def test_which_refusals_are_permanent(code: int, permanent: bool) -> None:  # noqa: FBT001
    assert Refusal(code, "4.3.0", "Why").permanent is permanent
