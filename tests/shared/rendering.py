"""Renders the templates as Ansible does, with a model instead of a host."""

from typing import Any

from ansible.plugins.filter.core import FilterModule as CoreFilters
from ansible.plugins.filter.mathstuff import FilterModule as MathFilters
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plugins import TOP, model

TEMPLATES = TOP / "templates"

SMALL: dict[str, Any] = {
    "mailpopbox_hostname": "mx.example.com",
    "mailpopbox_secrets_dir": "inventory/secrets",
    "mailpopbox_mailboxes": [{"login": "mailbox@example.com", "domains": ["example.com"]}],
}
LARGE: dict[str, Any] = {
    "mailpopbox_hostname": "mx.example.com",
    "mailpopbox_secrets_dir": "inventory/secrets",
    "mailpopbox_mailboxes": [
        {"login": "a@example.com", "domains": ["example.com", "bücher.example"]},
        {"login": "b@example.net", "addresses": ["b@example.net", "shop-*@example.com"]},
        {"login": "c@example.org", "domains": ["example.org"], "blocked": ["x?@example.org"]},
    ],
    "mailpopbox_admin": "b@example.net",
    "mailpopbox_tls": "files",
    "mailpopbox_tls_certificate": "/etc/ssl/mail.crt",
    "mailpopbox_tls_key": "/etc/ssl/mail.key",
    "mailpopbox_web": True,
    "mailpopbox_mta_sts_policy": "enforce",
    "mailpopbox_pop3_starttls": True,
    "mailpopbox_ipv6": False,
    "mailpopbox_postscreen": False,
    "mailpopbox_resolver": False,
    "mailpopbox_mta_sts": False,
    "mailpopbox_tls_reports": True,
    "mailpopbox_dkim_algorithms": ["rsa", "ed25519"],
    "mailpopbox_dmarc": "strict",
    "mailpopbox_arc_trusted": ["lists.example.org"],
    "mailpopbox_spam_greylist": 2,
    "mailpopbox_spam_mark": 0,
    "mailpopbox_spam_reject": 0,
    "mailpopbox_capture_outbound": "c@example.org",
    "mailpopbox_doctor": False,
    "mailpopbox_doctor_blocklists": [],
    "mailpopbox_doctor_outside": "198.51.100.9",
    "mailpopbox_doctor_clock": "",
    "mailpopbox_postfix_extra": {"smtpd_hard_error_limit": 5},
}
ACME: dict[str, Any] = SMALL | {
    "mailpopbox_dnsbl": ["bl.example.org", "key.bl.example.net"],
    "mailpopbox_tls": "acme",
    "mailpopbox_acme_server": "https://acme.example.com:14000/dir/",
    "mailpopbox_acme_email": "me@example.com",
    "mailpopbox_acme_names": ["mail.example.com", "bücher.example"],
    "mailpopbox_acme_challenge": "dns-rfc2136",
    "mailpopbox_acme_credentials": {
        "dns_rfc2136_server": "192.0.2.53",
        "dns_rfc2136_port": 53,
        "dns_rfc2136_name": "key.example.com.",
        "dns_rfc2136_secret": "c2VjcmV0==",
    },
    "mailpopbox_acme_dns_seconds": 5,
    "mailpopbox_web": True,
}
SETTINGS = {"small": SMALL, "large": LARGE, "acme": ACME}


def environment() -> Environment:
    # Configuration files are no HTML: nothing is to be escaped.
    jinja = Environment(  # noqa: S701
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters |= CoreFilters().filters() | MathFilters().filters()
    return jinja


NOTHING_SAID = {"why": "", "expires": None}


def render(
    name: str,
    settings: dict[str, Any],
    acme_answer: dict[str, Any] | None = None,
    dns_records: str = "",
    release: str = "13",
) -> str:
    """Render one template, named by its path below templates/ without .j2."""
    mail = model(settings, release)
    paths = {
        "tls_certificate": mail["tls_certificate"] or "/etc/ssl/own.crt",
        "tls_key": mail["tls_key"] or "/etc/ssl/own.key",
    }
    return (
        environment()
        .get_template(f"{name}.j2")
        .render(
            _mail=mail,
            _mailpopbox_read={"passwords": {}},
            ansible_managed="Ansible managed",
            inventory_hostname="mx",
            acme_answer=acme_answer or NOTHING_SAID,
            dns_records=dns_records,
            **paths,
        )
    )
