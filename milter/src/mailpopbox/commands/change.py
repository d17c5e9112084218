"""How commands change what is kept of an alias."""

from collections.abc import Callable

from mailpopbox.commands.alias import Alias
from mailpopbox.commands.command import DONE
from mailpopbox.commands.desk import Desk
from mailpopbox.commands.states import as_json, state_of
from mailpopbox.ledger.admin import Admin
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.entries import Entry, entry


def changed(
    desk: Desk,
    alias: Alias,
    change: Callable[[Admin, Entry], str],
    unchanged: Callable[[Entry], str],
) -> int:
    """Change what is kept of an alias, and say so; `change` returns "" if it stays as it was."""
    with desk.to_change() as database:
        said = change(Admin(database, desk.now), _known(database, alias))
        after = _known(database, alias)
    if desk.wants_json:
        state = state_of(after, desk.config, desk.now)
        desk.screen.json({"changed": said != "", **as_json(after, state)})
    else:
        desk.screen.line(said or unchanged(after))
    return DONE


def _known(database: Database, alias: Alias) -> Entry:
    found = entry(database, alias.login, alias.address)
    return found or Entry(alias.login, alias.address, alias.spelled)
