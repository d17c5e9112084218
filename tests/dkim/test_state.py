"""Which key signs when: the one that signs is published, whatever is interrupted, and wherever."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailpopbox.dkim.state import (
    RETIRED_SECONDS,
    Delete,
    Domain,
    Key,
    Make,
    StateError,
    Step,
    Switch,
    Wait,
    first_step,
    last_step,
    new_keys,
    next_step,
    parse,
    path_of,
    render,
)
from plugins import plugin

NOW = 1_795_179_492  # 2026-11-20
HOST = "mx.example.com"
OLD, NEW = Key("s202605-mx", "rsa"), Key("s202611-mx", "rsa")
NEW_ED = Key("s202611e-mx", "ed25519")
FOLDER = Path("/keys")


@pytest.mark.parametrize(
    ("taken", "selector"),
    [
        ((), "s202611-mx"),
        (("s202605-mx",), "s202611-mx"),
        # Those of older versions, and of other hosts, are no longer in the way.
        (("s202611", "s202611-mx2"), "s202611-mx"),
        (("s202611-mx",), "s20261120-mx"),
        (("s202611e-mx",), "s20261120-mx"),
        (("s202611-mx", "s20261120-mx"), "s20261120-2-mx"),
        (("s202611-mx", "s20261120-mx", "s20261120-2-mx", "s20261120e-3-mx"), "s20261120-4-mx"),
    ],
)
def test_a_selector_bears_the_date(taken: tuple[str, ...], selector: str) -> None:
    assert new_keys(["rsa"], HOST, NOW, taken) == (Key(selector, "rsa"),)


@pytest.mark.parametrize(
    ("hostname", "selector"),
    [
        ("mx.example.com", "s202611-mx"),
        ("MX-2.example.com", "s202611-mx-2"),
        ("xn--bcher-kva.example", "s202611-xn--bcher-kva"),
        (f"{'a' * 63}.example.com", f"s202611-{'a' * 40}"),
        (f"{'a' * 39}-{'b' * 23}.example.com", f"s202611-{'a' * 39}"),
    ],
)
def test_a_selector_bears_the_host(hostname: str, selector: str) -> None:
    assert new_keys(["rsa"], hostname, NOW, ()) == (Key(selector, "rsa"),)


def test_a_selector_is_a_label_of_dns() -> None:
    taken: set[str] = set()
    for _ in range(120):
        [key] = new_keys(["ed25519"], f"{'a' * 63}.example.com", NOW, taken)
        assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])", key.selector)
        assert key.selector not in taken
        taken.add(key.selector)


def test_two_algorithms_differ_in_dns() -> None:
    assert new_keys(("rsa", "ed25519"), HOST, NOW, ()) == (NEW, NEW_ED)


def test_the_first_key_signs_at_once() -> None:
    assert first_step(Domain(), ["rsa"], HOST, NOW) == Make((NEW,))
    made = Domain().with_keys([NEW])
    assert first_step(made, ["rsa"], HOST, NOW) == Switch(Domain(signing=(NEW,)))
    assert first_step(Domain(signing=(NEW,)), ["rsa", "ed25519"], HOST, NOW) is None


def test_a_lost_key_is_replaced_at_once() -> None:
    domain = Domain(signing=(OLD,)).with_keys([OLD])
    assert first_step(domain, ["rsa"], HOST, NOW, [OLD]) == Make((NEW,))
    domain = domain.with_keys([OLD, NEW])
    # Its record stays, since what it signed may be on its way.
    turned = Domain(signing=(NEW,), retired={OLD: NOW})
    assert first_step(domain, ["rsa"], HOST, NOW, [OLD]) == Switch(turned)
    # Unless nobody knows any more what is to stand there.
    gone = turned.with_keys([NEW])
    assert (gone.needed(NOW), gone.past(NOW)) == ((NEW,), (OLD,))


def test_keys_that_are_left_go_on() -> None:
    """And a rotation that was begun does not end before its time."""
    ed, coming = Key("s202605e-mx", "ed25519"), Key("s202610-mx", "rsa")
    domain = Domain(signing=(OLD, ed), coming=(coming,))
    both = ["rsa", "ed25519"]
    assert first_step(domain, both, HOST, NOW, [ed]) == Make((NEW_ED,))
    made = Domain(signing=(OLD, ed), coming=(coming, NEW_ED))
    assert first_step(made, both, HOST, NOW, [ed]) == Switch(
        Domain(signing=(OLD, NEW_ED), retired={ed: NOW}, coming=(coming,))
    )
    # An algorithm that the settings do not name any more is not made again.
    assert first_step(domain, ["rsa"], HOST, NOW, [ed]) == Switch(
        Domain(signing=(OLD,), retired={ed: NOW}, coming=(coming,))
    )


def test_a_rotation_step_by_step() -> None:
    domain = Domain(signing=(OLD,))
    assert next_step(domain, ["rsa"], HOST, NOW, ()) == Make((NEW,))
    domain = domain.with_keys([OLD, NEW])
    assert domain.keys == (OLD, NEW)
    assert next_step(domain, ["rsa"], HOST, NOW, ()) == Wait((NEW,))
    turned = Domain(signing=(NEW,), retired={OLD: NOW})
    assert next_step(domain, ["rsa"], HOST, NOW, {NEW}) == Switch(turned)
    last = NOW + RETIRED_SECONDS - 1
    assert last_step(turned, last) is None
    assert turned.needed(last) == (NEW, OLD)
    assert turned.needed(last + 1) == (NEW,)
    assert last_step(turned, last + 1) == Delete((OLD,), Domain(signing=(NEW,)))


def test_a_key_outlives_what_waits_in_the_queue() -> None:
    """Its record is read when a message arrives, which may be as late as the settings allow."""
    _, longest = plugin("contract").RANGES["mailpopbox_queue_days"]
    turned = Domain(signing=(NEW,), retired={OLD: NOW})
    assert OLD in turned.needed(NOW + longest * 86400)


def test_a_second_algorithm_joins_with_the_next_rotation() -> None:
    domain = Domain(signing=(OLD,)).with_keys([OLD, NEW])
    assert next_step(domain, ["rsa", "ed25519"], HOST, NOW, {NEW}) == Make(
        (Key("s20261120e-mx", "ed25519"),)
    )


def test_the_file_keeps_what_is_known() -> None:
    domains = {
        "example.com": Domain(signing=(NEW, NEW_ED), retired={OLD: NOW}),
        "mx.example.com": Domain(signing=(OLD,)),
    }
    text = render(domains, FOLDER)
    assert parse(text) == domains
    assert '"path": "/keys/example.com/s202611-mx.rsa.key"' in text
    assert '"path": "/keys/example.com/s202611e-mx.ed25519.seed"' in text
    assert parse("") == {}


def test_where_a_key_lies() -> None:
    assert path_of(FOLDER, "example.com", NEW_ED).name == "s202611e-mx.ed25519.key"


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[]x",
        "- x",
        "x",
        "example.com: x",
        "example.com: {}",
        "example.com: {selectors: [{}], retired: []}",
        "example.com: {selectors: [{selector: s, algorithm: dsa}], retired: []}",
        "example.com: {selectors: [], retired: [{selector: s, algorithm: rsa, since: x}]}",
    ],
)
def test_an_odd_file_is_refused(text: str) -> None:
    with pytest.raises(StateError):
        parse(text)


@dataclass
class World:
    """A host and its DNS, where whoever keeps the DNS follows what the host prints, or not."""

    disk: set[Key] = field(default_factory=set)
    text: str = ""
    dns: set[Key] = field(default_factory=set)
    now: int = NOW

    @property
    def domain(self) -> Domain:
        return parse(self.text).get("example.com", Domain()).with_keys(sorted(self.disk))

    def save(self, domain: Domain) -> None:
        self.text = render({"example.com": domain}, FOLDER)

    def actions(self, step: Step) -> Iterator[None]:
        """Carry out a step, and stop wherever it may be interrupted."""
        match step:
            case Make(keys):
                for key in keys:
                    self.disk.add(key)
                    yield
            case Switch(domain):
                self.save(domain)
                yield
            case Delete(keys, domain):
                for key in keys:
                    self.disk.discard(key)
                    yield
                self.save(domain)
                yield
            case Wait():
                yield


@settings(deadline=None)  # a machine may be busy
@given(st.data())
def test_the_key_that_signs_is_always_published(data: st.DataObject) -> None:
    world = World()
    while step := first_step(world.domain, ["rsa"], HOST, world.now):
        list(world.actions(step))
    world.dns |= world.disk
    for _ in range(data.draw(st.integers(1, 12))):
        world.now += data.draw(st.sampled_from([60, 86400, RETIRED_SECONDS]))
        algorithms = data.draw(st.sampled_from([["rsa"], ["rsa", "ed25519"]]))
        old = last_step(world.domain, world.now)
        step = old or next_step(world.domain, algorithms, HOST, world.now, world.dns)
        for _done in world.actions(step):
            signing = world.domain.signing
            assert signing
            assert set(signing) <= world.dns
            assert set(signing) <= world.disk
            if data.draw(st.booleans()):
                break  # interrupted
        # Records come when somebody finds the time, and go when they are needed no more.
        if data.draw(st.booleans()):
            world.dns |= world.disk
        world.dns &= {*world.domain.needed(world.now)}
