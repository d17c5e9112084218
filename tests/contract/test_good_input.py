"""What the contract accepts, and what it makes of it."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins import TOP, check, defaults, model, options, plugin, read_yaml

MINIMAL: dict[str, Any] = {
    "mailpopbox_hostname": "MX.Example.com",
    "mailpopbox_mailboxes": [{"login": "Mailbox@Example.com", "domains": ["Example.com"]}],
}


def mailboxes(*boxes: dict[str, Any]) -> dict[str, Any]:
    return MINIMAL | {"mailpopbox_mailboxes": list(boxes)}


def login_for(address: str, routes: dict[str, Any]) -> str | None:
    """Look an address up as Postfix does: exact and patterns by address, then the domain."""
    exact = {entry["key"]: entry["login"] for entry in routes["exact"]}
    catchalls = {entry["key"]: entry["login"] for entry in routes["catchalls"]}
    patterns = [
        entry["login"] for entry in routes["globs"] if re.search(entry["key"][1:-1], address)
    ]
    domain = "@" + address.rpartition("@")[2]
    return exact.get(address) or next(iter(patterns), None) or catchalls.get(domain)


def test_the_fewest_settings_are_enough() -> None:
    mail = model(MINIMAL)
    assert mail["hostname"] == "mx.example.com"
    assert mail["admin"] == "mailbox@example.com"
    assert mail["mailboxes"][0]["domains"] == ["example.com"]
    assert login_for("anything@example.com", mail["routes"]) == "mailbox@example.com"


def test_the_example_inventory_passes() -> None:
    example = read_yaml(TOP / "inventory.example/group_vars/mailservers.yml")
    assert check(example)["problems"] == []


def test_the_example_inventory_passes_with_every_comment_taken_away() -> None:
    text = (TOP / "inventory.example/group_vars/mailservers.yml").read_text()
    knobs = re.findall(r"^# (mailpopbox_\w+): (.*)$", text, re.MULTILINE)
    uncommented = dict(knobs)
    everything = {key for key in options() if key not in MINIMAL}
    assert uncommented.keys() == everything
    for key, value in uncommented.items():
        assert yaml.safe_load(value) == defaults()[key]


def test_defaults_and_specs_are_the_same() -> None:
    specified = {key: option["default"] for key, option in options().items() if "default" in option}
    assert specified == defaults()
    required = {key for key, option in options().items() if option.get("required")}
    assert required == {"mailpopbox_hostname", "mailpopbox_mailboxes"}
    assert options().keys() == defaults().keys() | required


def every_option(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for option in found.values():
        yield option
        yield from every_option(option.get("options", {}))


def test_every_option_is_described() -> None:
    assert all(option["description"].rstrip().endswith(".") for option in every_option(options()))


def test_words_from_the_command_line_become_what_they_mean() -> None:
    words = {"mailpopbox_ipv6": "No", "mailpopbox_max_message_mb": "50"}
    mail = model(MINIMAL | words)
    assert mail["ipv6"] is False
    assert mail["max_message_mb"] == 50


def test_international_domains_are_known_in_both_spellings() -> None:
    mail = model(
        mailboxes({"login": "me@bücher.example", "domains": ["bücher.example"], "blocked": ["x@bücher.example"]})
    )  # fmt: skip
    assert mail["mailboxes"][0]["login"] == "me@xn--bcher-kva.example"
    assert mail["routes"]["domains"] == ["xn--bcher-kva.example"]
    assert mail["routes"]["names"] == ["bücher.example", "xn--bcher-kva.example"]
    for domain in mail["routes"]["names"]:
        assert login_for(f"any@{domain}", mail["routes"]) == "me@xn--bcher-kva.example"
    assert mail["mailboxes"][0]["blocked"] == ["x@xn--bcher-kva.example"]


def test_an_address_wins_over_a_pattern_and_a_pattern_over_a_catchall() -> None:
    routes = model(
        mailboxes(
            {"login": "a@example.com", "domains": ["example.com"]},
            {"login": "b@example.net", "addresses": ["b@example.net", "shop-*@example.com"]},
            {"login": "c@example.org", "domains": ["example.org"], "addresses": ["shop-1@example.com"]},
        )
    )["routes"]  # fmt: skip
    assert login_for("any@example.com", routes) == "a@example.com"
    assert login_for("shop-2@example.com", routes) == "b@example.net"
    assert login_for("shop-1@example.com", routes) == "c@example.org"
    assert login_for("other@example.net", routes) is None
    assert login_for("postmaster@example.net", routes) == "b@example.net"
    assert login_for("abuse@example.com", routes) == "a@example.com"


def test_odd_characters_of_a_pattern_stand_for_themselves() -> None:
    expression = plugin("routes").expression("a.b+c*?/^$|{}@example.com")
    matches = re.compile(expression[1:-1]).search
    assert matches("a.b+cXYZ/^$|{}@example.com")
    assert not matches("axb+cXYZ/^$|{}@example.com")
    assert not matches("a.b+cXYZ/^$|{}@exampleXcom")
    assert not matches("a.b+cXYZ/^$|{}@example.com.example.org")


def test_given_passwords_are_kept_apart_from_the_model() -> None:
    read = check(
        mailboxes({"login": "a@example.com", "domains": ["example.com"], "password": "long enough 1"})
    )  # fmt: skip
    assert read["passwords"] == {"a@example.com": "long enough 1"}
    assert "long enough 1" not in str(read["model"])


def test_thousands_of_domains_are_no_trouble() -> None:
    domains = [f"d{number}.example" for number in range(5000)]
    routes = model(mailboxes({"login": "me@d0.example", "domains": domains}))["routes"]
    assert len(routes["domains"]) == 5000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
mailbox_like = st.fixed_dictionaries(
    {},
    optional={
        "login": anything | st.from_regex(r"[a-z]@[a-zß.*]+\Z"),
        "domains": anything | st.lists(st.text() | st.from_regex(r"[a-zäß.*-]+\Z")),
        "addresses": anything | st.lists(st.text() | st.from_regex(r"[!-~]+@[a-z.]+\Z")),
        "blocked": anything | st.lists(st.text()),
        "password": anything,
    },
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "mailpopbox_hostname": anything | st.just("mx.example.com"),
            "mailpopbox_mailboxes": anything | st.lists(mailbox_like),
        },
        optional=dict.fromkeys(defaults(), anything),
    )
)
def test_no_input_at_all_raises(settings: dict[str, Any]) -> None:
    assert all(isinstance(problem, str) for problem in check(settings)["problems"])


@settings(deadline=None)
@given(st.lists(mailbox_like, min_size=1))
def test_what_passes_can_be_routed(boxes: list[Any]) -> None:
    if not check(mailboxes(*boxes))["problems"]:
        model(mailboxes(*boxes))
