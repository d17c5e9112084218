"""Whether a milter answers: the first words that Postfix and a milter say to each other."""

import struct
from collections.abc import Mapping

from mailpopbox.counting import listed
from mailpopbox.doctor.finding import Finding, bad, good

# Version 6; all that a milter may do to a message, and all that it may leave out (mfdef.h).
HELLO = struct.pack("!IcIII", 13, b"O", 6, 0x1FF, 0x1FFFFF)
GOODBYE = struct.pack("!Ic", 1, b"Q")
_SHORTEST = 13


def answers(octets: bytes) -> bool:
    """Tell whether a milter agreed to talk."""
    return len(octets) > _SHORTEST and octets[4:5] == b"O"


def milters(found: Mapping[str, str]) -> tuple[Finding, ...]:
    """Judge milters: of each, why it does not answer, or nothing."""
    wrong = tuple(
        bad(
            name,
            f"{name} does not answer ({why}), so mail waits with its senders.",
            "systemctl restart {0}; if that does not help: journalctl -u {0}".format(_UNITS[name]),
        )
        for name, why in found.items()
        if why
    )
    return wrong or (good(f"{listed(found)} answer Postfix."),)


_UNITS = {"The milter": "mailpopbox-milter", "Rspamd": "rspamd"}
