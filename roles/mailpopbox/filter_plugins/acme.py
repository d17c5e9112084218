"""The rules for certificates by ACME: whom to ask for them, and how to prove the names.

Values of the right types go in. Nothing here knows Ansible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

Values = dict[str, Any]

KEY = "mailpopbox_acme_credentials"
SERVER = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?")
# What stands between quotes in certbot's file.
VALUE = re.compile(r'[^"\x00-\x1f\x7f]+')


class Plugin(NamedTuple):
    """What a DNS plugin of certbot has to be told, and which releases of Debian have it."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    releases: tuple[str, ...] = ("12", "13")


PLUGINS = {
    "dns-cloudflare": Plugin(("api_token",)),
    "dns-desec": Plugin(("token",), releases=("13",)),
    "dns-digitalocean": Plugin(("token",), releases=("12",)),
    "dns-dnsimple": Plugin(("token",), releases=("12",)),
    "dns-gandi": Plugin(("api_key",), releases=("12",)),
    "dns-gehirn": Plugin(("api_token", "api_secret"), releases=("12",)),
    "dns-infomaniak": Plugin(("token",), releases=("13",)),
    "dns-linode": Plugin(("key",), ("version",), releases=("12",)),
    "dns-ovh": Plugin(
        ("endpoint", "application_key", "application_secret", "consumer_key"), releases=("12",)
    ),
    "dns-rfc2136": Plugin(("server", "name", "secret"), ("port", "algorithm", "sign_query")),
    "dns-sakuracloud": Plugin(("api_token", "api_secret"), releases=("12",)),
}


def credential_names(challenge: str) -> tuple[list[str], list[str]]:
    """Return the keys that a plugin must have and may have, as its manual writes them."""
    plugin, prefix = PLUGINS[challenge], challenge.replace("-", "_")
    required, optional = (
        [f"{prefix}_{name}" for name in names] for names in (plugin.required, plugin.optional)
    )
    return required, optional


def credential_problems(values: Values) -> Iterator[str]:
    """Say what a plugin lacks or does not know; no value is ever shown."""
    challenge, given = values["mailpopbox_acme_challenge"], values[KEY]
    if challenge == "http":
        if given:
            yield f"{KEY}: have no effect. Set mailpopbox_acme_challenge, or take them out."
        return
    required, optional = credential_names(challenge)
    missing = [name for name in required if name not in given]
    if missing:
        yield f"{KEY}: {challenge} needs more. Write {' and '.join(missing)}, too."
    known = required + optional
    for name, value in given.items():
        if name not in known:
            close = get_close_matches(str(name), [n for n in known if n not in given], n=1)
            fix = f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(known)}."
            yield f"{KEY}.{name}: {challenge} knows no such key. {fix}"
        elif isinstance(value, bool) or not isinstance(value, str | int):
            yield f"{KEY}.{name}: is not text. Put it in quotes."
        elif not VALUE.fullmatch(str(value)):
            yield f"{KEY}.{name}: is empty, or has a quote or a line break. Write it plainly."


def problems(values: Values) -> list[str]:
    """Return a sentence for each thing that is wrong."""
    if values["mailpopbox_tls"] != "acme":
        settings = ("email", "names", "credentials")
        return [
            f"mailpopbox_acme_{name}: has no effect. Set mailpopbox_tls: acme, or take it out."
            for name in settings
            if values[f"mailpopbox_acme_{name}"]
        ]
    found = list(credential_problems(values))
    server = values["mailpopbox_acme_server"]
    if not SERVER.fullmatch(server):
        found.append(
            f'mailpopbox_acme_server: "{server}" is not the address of an authority.'
            " Write the URL of its directory, like https://acme.example.com/directory."
        )
    names = [name.lower() for name in values["mailpopbox_acme_names"]]
    if values["mailpopbox_hostname"].lower() in names:
        found.append(
            f'mailpopbox_acme_names: "{values["mailpopbox_hostname"]}" is the mailpopbox_hostname,'
            " which the certificate names anyway. Take it out."
        )
    return found


def absent(mail: dict[str, Any], release: str) -> str:
    """Return what is wrong if this release of Debian lacks the plugin."""
    challenge = mail["acme_challenge"]
    if mail["tls"] != "acme" or challenge == "http" or release in PLUGINS[challenge].releases:
        return ""
    here = [name for name, plugin in PLUGINS.items() if release in plugin.releases]
    return (
        f'mailpopbox_acme_challenge: Debian {release} has no package for "{challenge}".'
        f" Write one of: http, {', '.join(here)}."
    )


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        return {"mailpopbox_acme_problems": problems, "mailpopbox_acme_absent": absent}
