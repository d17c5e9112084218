"""Which key of a domain signs, and what comes next. Pure: no clock, no file, no DNS.

A key goes one way only: it is made, published, signs, is retired, and is deleted. Each step leaves
a state that is right by itself, so whoever is interrupted goes on where it stopped.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import yaml

from mailpopbox.config import DKIM_ALGORITHMS, Config

# What was signed last must have been read by then: mailpopbox_queue_days at most, and a weekend.
RETIRED_SECONDS = 35 * 86400


class StateError(ValueError):
    """The file that says which keys sign cannot be understood."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A key of a domain, by its name in DNS."""

    selector: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class Domain:
    """The keys of one domain: those that sign, those that signed, and those that are to."""

    signing: tuple[Key, ...] = ()
    # Since when it signs no more, in seconds of Unix time.
    retired: Mapping[Key, int] = field(default_factory=dict)
    # Made, and not in use yet.
    coming: tuple[Key, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        return (*self.signing, *self.coming, *self.retired)

    def past(self, now: int) -> tuple[Key, ...]:
        """Those whose last signatures everybody has read."""
        return tuple(key for key, since in self.retired.items() if since <= now - RETIRED_SECONDS)

    def needed(self, now: int) -> tuple[Key, ...]:
        """Those whose records have to stand in DNS."""
        past = self.past(now)
        return tuple(key for key in self.keys if key not in past)

    def with_keys(self, found: Iterable[Key]) -> "Domain":
        """Return the domain with the keys that lie on the disk.

        One that signs no more and is not there either is past, whenever it was retired: nobody
        knows what its record would be. Its name is taken until it is deleted.
        """
        there, used = set(found), {*self.signing, *self.retired}
        retired = {key: since if key in there else 0 for key, since in self.retired.items()}
        return replace(self, retired=retired, coming=tuple(sorted(there - used)))


def names_of(config: Config) -> tuple[str, ...]:
    """Return the domains that mail leaves from: those of the mailboxes, and the host's own."""
    found = {config.hostname}
    for box in config.mailboxes:
        addresses = (box.login, *box.addresses)
        found |= {*box.domains, *(address.rpartition("@")[2] for address in addresses)}
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class Make:
    """Make these keys: then their records can be published."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until the records of these keys stand in DNS."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """Sign with the new keys from now on."""

    domain: Domain


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete keys that signed long ago; their records may go, too."""

    keys: tuple[Key, ...]
    domain: Domain


Step = Make | Wait | Switch | Delete


# What stands behind the date, since two keys cannot share a name in DNS.
_MARKS = {"rsa": "", "ed25519": "e"}
# So much of a host's name that the whole is a label of DNS, which has 63 octets at most.
_LONGEST_HOST = 40


def new_keys(
    algorithms: Iterable[str], hostname: str, now: int, taken: Collection[str]
) -> tuple[Key, ...]:
    """Name a key for each algorithm.

    A selector bears the month and the host, since other hosts may have keys of the domain:
    s202611-mx and s202611e-mx, or s20261120-mx and so on if one of them is taken.
    """
    host = hostname.partition(".")[0].lower()[:_LONGEST_HOST].rstrip("-")
    candidates = (
        {each: f"{date}{mark}{number}-{host}" for each, mark in _MARKS.items()}
        for date, number in _dates(now)
    )
    names = next(each for each in candidates if not set(each.values()) & set(taken))
    return tuple(Key(names[each], each) for each in algorithms)


def _dates(now: int) -> Iterator[tuple[str, str]]:
    """Yield what tells a key from those before it: the month, the day, and a number."""
    date = datetime.fromtimestamp(now, UTC)
    yield f"s{date:%Y%m}", ""
    yield f"s{date:%Y%m%d}", ""
    yield from ((f"s{date:%Y%m%d}", f"-{number}") for number in count(2))


def first_step(
    domain: Domain,
    algorithms: Iterable[str],
    hostname: str,
    now: int,
    lost: Collection[Key] = (),
) -> Step | None:
    """Return what a domain lacks before anything of it can be signed.

    Its first keys sign at once: mail with a signature that nobody can check yet is no worse than
    mail with none. So do those in place of keys that should sign and are lost.
    """
    if domain.signing and not lost:
        return None
    left = tuple(key for key in domain.signing if key not in lost)
    gone = {key.algorithm for key in lost}
    wanted = [each for each in algorithms if each in gone or not left]
    missing = _missing(domain, wanted, hostname, now)
    if missing:
        return Make(missing)
    new = tuple(key for key in domain.coming if key.algorithm in wanted)
    return Switch(
        Domain(
            signing=(*left, *new),
            retired={**domain.retired, **dict.fromkeys(lost, now)},
            coming=tuple(key for key in domain.coming if key not in new),
        )
    )


def next_step(
    domain: Domain, algorithms: Iterable[str], hostname: str, now: int, published: Collection[Key]
) -> Step:
    """Return what brings a rotation on; `published` are the keys whose records DNS has."""
    missing = _missing(domain, algorithms, hostname, now)
    if missing:
        return Make(missing)
    unseen = tuple(key for key in domain.coming if key not in published)
    if unseen:
        return Wait(unseen)
    retired = {**domain.retired, **dict.fromkeys(domain.signing, now)}
    return Switch(Domain(signing=domain.coming, retired=retired))


def last_step(domain: Domain, now: int) -> Step | None:
    """Return what is left to be cleared away."""
    old = domain.past(now)
    kept = {key: since for key, since in domain.retired.items() if key not in old}
    return Delete(old, replace(domain, retired=kept)) if old else None


def _missing(domain: Domain, algorithms: Iterable[str], hostname: str, now: int) -> tuple[Key, ...]:
    """Return the keys that the next turn needs and that are not made yet."""
    there = {key.algorithm for key in domain.coming}
    wanted = [each for each in algorithms if each not in there]
    taken = {key.selector for key in domain.keys}
    return new_keys(wanted, hostname, now, taken) if wanted else ()


# --- The file ---


def render(domains: Mapping[str, Domain], folder: Path) -> str:
    """Write the file: YAML that Rspamd reads as its own language, a line for each domain."""
    lines = [
        "# Written by `mailpopbox dkim`: the keys that sign, and since when others do no more.",
        *(f"{json.dumps(name)}: {_line(name, domain, folder)}" for name, domain in domains.items()),
    ]
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, domain: Domain, folder: Path) -> str:
    selectors = [
        {
            "selector": key.selector,
            "path": str(path_of(folder, name, key, for_rspamd=True)),
            "algorithm": key.algorithm,
        }
        for key in domain.signing
    ]
    retired = [
        {"selector": key.selector, "algorithm": key.algorithm, "since": since}
        for key, since in domain.retired.items()
    ]
    return json.dumps({"selectors": selectors, "retired": retired})


def path_of(folder: Path, name: str, key: Key, *, for_rspamd: bool = False) -> Path:
    """Return where a private key lies.

    The Rspamd of Debian 12 wants the seed of an Ed25519 key, not PEM.
    """
    ending = "seed" if for_rspamd and key.algorithm == "ed25519" else "key"
    return folder / name / f"{key.selector}.{key.algorithm}.{ending}"


def parse(text: str) -> dict[str, Domain]:
    """Read the file; raises StateError, for without it nobody knows what is published."""
    try:
        document = yaml.safe_load(text) or {}
        return {str(name): _domain(entry) for name, entry in document.items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise StateError("is not as `mailpopbox dkim` wrote it") from error


def _domain(entry: Mapping[str, list[Mapping[str, str]]]) -> Domain:
    return Domain(
        signing=tuple(_key(each) for each in entry["selectors"]),
        retired={_key(each): int(each["since"]) for each in entry["retired"]},
    )


def _key(entry: Mapping[str, str]) -> Key:
    if entry["algorithm"] not in DKIM_ALGORITHMS:
        raise ValueError(entry["algorithm"])
    return Key(entry["selector"], entry["algorithm"])
