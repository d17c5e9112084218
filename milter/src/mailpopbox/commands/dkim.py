"""`dkim`: the keys that sign, and their renewal without a moment in which none is published."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import sleep, time

from mailpopbox.commands.command import (
    DONE,
    NO,
    Command,
    add_common,
    refused,
    to_repair,
)
from mailpopbox.commands.desk import Desk
from mailpopbox.commands.keys import add_keys
from mailpopbox.commands.screen import GREEN, YELLOW, Cell, Column
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dkim.state import (
    Delete,
    Domain,
    Key,
    Make,
    Step,
    Switch,
    first_step,
    last_step,
    names_of,
    next_step,
)
from mailpopbox.dns.judging import THERE, Trouble, Values, judged
from mailpopbox.dns.records import Record
from mailpopbox.programs import run
from mailpopbox.utc import iso

_COLUMNS = (
    Column("DOMAIN", narrowest=16),
    Column("SELECTOR"),
    Column("ALGORITHM"),
    Column("STATE"),
)
_SECONDS_BETWEEN_LOOKS = 60
# systemd itself gives up before.
_SECONDS_TO_RELOAD = 120
_HOW_THEY_STAND = "Their records, and whether DNS has them: mailpopbox dns"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of all domains, and the means to change them."""

    desk: Desk
    shelf: Shelf
    names: tuple[str, ...]
    reload: Callable[[], None]

    @property
    def algorithms(self) -> tuple[str, ...]:
        return self.desk.config.dkim_algorithms

    @property
    def hostname(self) -> str:
        return self.desk.config.hostname

    @property
    def now(self) -> int:
        """The time at this very step, since between two of them days may pass."""
        return int(time())

    def known(self) -> dict[str, Domain]:
        found = self.shelf.domains()
        return {name: found.get(name, Domain()) for name in self.names}

    def first_step(self, name: str) -> Step | None:
        domain = self.known()[name]
        lost = self.shelf.lost(name, domain)
        return first_step(domain, self.algorithms, self.hostname, self.now, lost)

    def do(self, name: str, step: Step) -> None:
        """Carry out one step, as far as it is for this host to take."""
        if isinstance(step, Make):
            for key in step.keys:
                self.shelf.make(name, key)
        elif isinstance(step, Switch):
            self.shelf.save({**self.shelf.domains(), name: step.domain})
        elif isinstance(step, Delete):
            # In this order: Rspamd signs with no key that is gone, and none is taken for new.
            self.reload()
            for key in step.keys:
                self.shelf.delete(name, key)
            self.shelf.save({**self.shelf.domains(), name: step.domain})

    def published(self, name: str, domain: Domain) -> set[Key]:
        return {key for key in domain.coming if is_published(self.shelf.record(name, key))}


def is_published(record: Record) -> bool:
    """Tell whether every server of the zone has it: who asks one that lags behind finds nothing."""
    answers = ask(record)
    return bool(answers) and all(judged((record,), each).state == THERE for each in answers)


def ask(record: Record) -> Sequence[Values | Trouble]:
    # Here, because it needs a package that most commands do without.
    from mailpopbox.dns.resolving import Asker  # noqa: PLC0415

    return Asker().by_server(record.name, record.type)


# --- The commands ---


def _prepare(keys: Keys, _wait: bool) -> int:  # noqa: FBT001
    with keys.shelf.locked():
        made = [name for name in keys.names if _prepared(keys, name)]
    if keys.desk.wants_json:
        keys.desk.screen.json({"made": made})
    else:
        for name in made:
            keys.desk.screen.line(f"{name} has a new key.")
    return DONE


def _prepared(keys: Keys, name: str) -> bool:
    """Make the keys that a domain lacks, and let them sign; tell whether it lacked any."""
    lacked = False
    while step := keys.first_step(name):
        keys.do(name, step)
        lacked = True
    return lacked


def _list(keys: Keys, _wait: bool) -> int:  # noqa: FBT001
    rows = list(_rows(keys))
    if keys.desk.wants_json:
        keys.desk.screen.json({"keys": rows})
        return DONE
    cells = [
        (*(Cell(str(row[key])) for key in ("domain", "selector", "algorithm")), _state_cell(row))
        for row in rows
    ]
    keys.desk.screen.table(_COLUMNS, cells)
    keys.desk.screen.note(_HOW_THEY_STAND)
    return DONE


def _rows(keys: Keys) -> Iterator[dict[str, str | None]]:
    for name, domain in keys.known().items():
        needed = domain.needed(keys.now)
        for key in domain.keys:
            state = "signing" if key in domain.signing else "coming"
            since = domain.retired.get(key)
            record = keys.shelf.record(name, key) if key in needed else None
            yield {
                "domain": name,
                "selector": key.selector,
                "algorithm": key.algorithm,
                "state": state if since is None else "retired",
                "since": iso(since or None),
                "record": record.name if record else None,
                "value": record.value if record else None,
            }


def _state_cell(row: Mapping[str, str | None]) -> Cell:
    style = {"signing": GREEN, "coming": YELLOW}.get(str(row["state"]), "")
    return Cell(" since ".join(filter(None, (row["state"], row["since"]))), style)


def _rotate(keys: Keys, wait: bool) -> int:  # noqa: FBT001
    with keys.shelf.locked():
        for name, domain in keys.known().items():
            if step := last_step(domain, keys.now):
                keys.do(name, step)
        # What has been begun is brought to its end first: who has turned does not turn again.
        waiting = _not_turned(keys, _begun(keys, keys.names) or keys.names)
    # Even if none has turned: whoever was interrupted may not have come to this.
    keys.reload()
    _say_what_waits(keys, waiting)
    while wait and waiting:
        # Meanwhile, others may make keys for new domains, or bring this to its end.
        sleep(_SECONDS_BETWEEN_LOOKS)
        before = waiting
        with keys.shelf.locked():
            waiting = _not_turned(keys, _begun(keys, before))
        if waiting != before:
            keys.reload()
            _say_what_waits(keys, waiting)
    if keys.desk.wants_json:
        keys.desk.screen.json({"waiting": waiting, "keys": list(_rows(keys))})
    elif not waiting:
        keys.desk.screen.line("The new keys sign.", GREEN)
    return NO if waiting else DONE


def _begun(keys: Keys, names: Sequence[str]) -> list[str]:
    known = keys.known()
    return [name for name in names if known[name].coming]


def _not_turned(keys: Keys, names: Sequence[str]) -> list[str]:
    return [name for name in names if not _turned(keys, name)]


def _turned(keys: Keys, name: str) -> bool:
    """Bring a domain as far as it goes now; tell whether its new keys sign."""
    while True:
        domain = keys.known()[name]
        published = keys.published(name, domain)
        step = next_step(domain, keys.algorithms, keys.hostname, keys.now, published)
        keys.do(name, step)
        if not isinstance(step, Make):
            return isinstance(step, Switch)


def _say_what_waits(keys: Keys, names: list[str]) -> None:
    screen, known = keys.desk.screen, keys.known()
    if names and not keys.desk.wants_json:
        screen.line("Not every name server has these records yet. The old keys sign until then.")
        for name in names:
            for key in known[name].coming:
                screen.line(f"  {keys.shelf.record(name, key).name}")
        screen.line("To copy them: mailpopbox dns --values. Then run this again.")


# --- The parser ---


_ACTIONS = {"list": _list, "rotate": _rotate, "prepare": _prepare}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=_ACTIONS,
        metavar="ACTION",
        help="list: the keys; rotate: make new keys, and sign with them once every server of the"
        " zone has their records; prepare: make the keys that are missing (the playbook does)",
    )
    parser.add_argument("domain", nargs="*", metavar="DOMAIN", help="otherwise all of them")
    parser.add_argument(
        "--wait", action="store_true", help="rotate: go on until DNS has the records"
    )
    add_keys(parser)
    add_common(parser)


def _dkim(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    all_of_them = names_of(desk.config)
    if unknown := sorted(set(arguments.domain) - set(all_of_them)):
        raise to_repair(f"{unknown[0]} is none of the domains: {', '.join(all_of_them)}.")
    names = tuple(arguments.domain) or all_of_them
    keys = Keys(desk, Shelf(arguments.keys), names, reload_rspamd)
    return _ACTIONS[arguments.action](keys, arguments.wait)


def reload_rspamd() -> None:
    """Let Rspamd read which keys sign; mail that it has in hand is signed with those before."""
    ended = run(["systemctl", "try-reload-or-restart", "rspamd"], _SECONDS_TO_RELOAD)
    if not ended.well:
        raise refused(f"Rspamd does not read its keys again: {ended.complaint.strip()}")


COMMANDS = (
    Command("dkim", "list the keys that sign what leaves, and renew them", _arguments, _dkim),
)
