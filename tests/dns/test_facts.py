"""The file that the playbook writes: what it says, and what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from mailpopbox.config import ConfigError
from mailpopbox.config import parse as config_of
from mailpopbox.dkim.state import names_of
from mailpopbox.dns.facts import Facts, load, parse
from rendering import LARGE, SMALL, render

SMALLEST = {"hostname": "mx.example.com"}


def read(settings: dict[str, Any]) -> Facts:
    return parse(yaml.safe_load(render("milter/etc/mailpopbox/dns.yml", settings)))


def test_the_fewest_settings() -> None:
    assert read(SMALL) == Facts("mx.example.com", ("example.com",))


def test_all_settings() -> None:
    more = {
        "mailpopbox_addresses": ["198.51.100.7"],
        "mailpopbox_dns_domains": ["example.net"],
        "mailpopbox_dns_dmarc_policy": "reject",
    }
    assert read(LARGE | more) == Facts(
        "mx.example.com",
        ("example.com", "xn--bcher-kva.example", "example.org", "example.net"),
        addresses=("198.51.100.7",),
        ipv6=False,
        pop3_starttls=True,
        dmarc="reject",
        web=True,
    )


def test_a_domain_of_single_addresses_is_not_ours() -> None:
    assert read(LARGE).others == ("example.net",)


@pytest.mark.parametrize("settings", [SMALL, LARGE])
def test_its_domains_are_those_that_have_keys(settings: dict[str, Any]) -> None:
    facts = read(settings)
    milter = yaml.safe_load(render("milter/etc/mailpopbox/milter.yml", settings))
    assert set(names_of(config_of(milter))) == set(facts.names)


def test_a_server_without_any_catch_all() -> None:
    box = {"login": "a@example.com", "addresses": ["a@example.com"]}
    facts = read(SMALL | {"mailpopbox_mailboxes": [box]})
    assert (facts.domains, facts.others) == ((), ("example.com",))


def test_every_key(tmp_path: Path) -> None:
    path = tmp_path / "dns.yml"
    path.write_text(
        'hostname: MX.example.com\nweb: true\nmta_sts: /srv/policy\naddresses: ["2001:DB8::1"]\n'
    )
    assert load(path) == Facts(
        "mx.example.com",
        addresses=("2001:db8::1",),
        web=True,
        mta_sts="/srv/policy",
    )


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "[] is no mapping"),
        ({}, "hostname: missing"),
        (SMALLEST | {"domain": []}, "domain: unknown key"),
        (SMALLEST | {"addresses": ["mx"]}, "addresses[1]: 'mx' is no IP address"),
        (SMALLEST | {"domains": ["x"]}, "domains[1]: 'x' is no domain name"),
        (SMALLEST | {"ipv6": 6}, "ipv6: 6 is neither true nor false"),
        (SMALLEST | {"dmarc": "all"}, "dmarc: 'all' is none of none, quarantine, reject"),
        (SMALLEST | {"mta_sts": False}, "mta_sts: False is no text"),
        (SMALLEST | {"web": ["www"]}, "web: ['www'] is neither true nor false"),
        (SMALLEST | {"mta_sts": "x"}, "mta_sts: 'x' is no absolute path"),
    ],
)
def test_what_is_wrong_is_said(document: object, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(document)
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].startswith(problem)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yml")
