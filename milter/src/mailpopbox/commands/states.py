"""How an address stands, for people and for programs."""

from dataclasses import dataclass

from mailpopbox.commands.screen import RED, YELLOW, Cell
from mailpopbox.config import ALWAYS_OPEN, Config
from mailpopbox.gate import pattern_that_blocks
from mailpopbox.ledger.entries import Entry
from mailpopbox.ledger.lines import plain
from mailpopbox.times import left


@dataclass(frozen=True, slots=True)
class State:
    """Whether mail for an address is let in."""

    word: str  # open, blocked, expired, expiring or elsewhere
    # What closes it: "command", or the entry of the configuration.
    by: str = ""
    shown: str = ""
    style: str = ""

    @property
    def is_by_configuration(self) -> bool:
        return self.by not in {"", "command"}

    @property
    def cell(self) -> Cell:
        return Cell(self.shown or self.word, self.style)


def state_of(entry: Entry, config: Config, now: int) -> State:
    if config.receiver_of(entry.address) != entry.login:
        return State("elsewhere")
    mailbox = config.mailbox_of(entry.address)
    # The host's own addresses are always open, too.
    if mailbox is None or entry.address.rpartition("@")[0] in ALWAYS_OPEN:
        return State("open")
    if pattern := pattern_that_blocks(entry.address, mailbox):
        return State("blocked", pattern, "blocked (config)", RED)
    return _by_command(entry, now)


def _by_command(entry: Entry, now: int) -> State:
    if entry.blocked_at is not None:
        return State("blocked", "command", "blocked", RED)
    if entry.expires_at is None:
        return State("open")
    if entry.expires_at <= now:
        return State("expired", "command", "expired", RED)
    return State("expiring", "command", f"expires in {left(entry.expires_at - now)}", YELLOW)


def as_json(entry: Entry, state: State) -> dict[str, object]:
    """Return all that is known of an address, and how it stands, for programs."""
    return {**plain(entry), "state": state.word, "by": state.by or None}
