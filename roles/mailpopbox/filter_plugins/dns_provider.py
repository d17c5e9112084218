"""The rules for who has the DNS: what `make dns-apply` has to be told.

Values of the right types go in. Nothing here knows Ansible.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

Values = dict[str, Any]

KEY = "mailpopbox_dns_provider"
EXAMPLE = """\
  mailpopbox_dns_provider:
    name: cloudflare
    token: "{{ vault_cloudflare_token }}"\
"""


class Provider(NamedTuple):
    """A provider as octoDNS has it: its class, what it must and may be told, what is always so."""

    octodns: str
    required: tuple[str, ...] = ("token",)
    optional: tuple[str, ...] = ()
    fixed: tuple[tuple[str, Any], ...] = ()


PROVIDERS = {
    # Rules for pages are no records, and reading them takes more rights.
    "cloudflare": Provider(
        "octodns_cloudflare.CloudflareProvider",
        optional=("account_id",),
        fixed=(("pagerules", False),),
    ),
    "desec": Provider("octodns_desec.DesecProvider"),
    "digitalocean": Provider("octodns_digitalocean.DigitalOceanProvider"),
    "gandi": Provider("octodns_gandi.GandiProvider"),
    # The API of its DNS console has ended; zones are in its cloud.
    "hetzner": Provider("octodns_hetzner.HetznerProvider", fixed=(("backend", "hcloud"),)),
    "rfc2136": Provider(
        "octo.Rfc2136",  # octoDNS' own, with eyes for what it misreads
        ("host", "key_name", "key_secret"),
        ("key_algorithm", "port"),
    ),
    "route53": Provider(
        "octodns_route53.Route53Provider",
        ("access_key_id", "secret_access_key"),
        ("session_token",),
    ),
}
# What may be shown of the settings.
PUBLIC = ("name", "host", "port", "key_name", "key_algorithm")


def problems(values: Values) -> list[str]:
    """Return a sentence for each thing that is wrong; no value is shown but the name."""
    given = values[KEY]
    if not given:
        return []
    name = given.get("name")
    if name is None:
        return [f"{KEY}: has no name. Write one of: {', '.join(PROVIDERS)}."]
    if not isinstance(name, str) or name not in PROVIDERS:
        return [
            f'{KEY}.name: "{name}" is none of its choices. Write one of: {", ".join(PROVIDERS)}.'
        ]
    return list(_key_problems(name, given))


def _key_problems(name: str, given: Values) -> Iterator[str]:
    provider = PROVIDERS[name]
    missing = [key for key in provider.required if key not in given]
    if missing:
        yield f"{KEY}: {name} needs more. Write {' and '.join(missing)}, too."
    known = [*provider.required, *provider.optional]
    for key, value in given.items():
        if key == "name":
            continue
        if key not in known:
            close = get_close_matches(str(key), [n for n in known if n not in given], n=1)
            fix = f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(known)}."
            yield f"{KEY}.{key}: {name} knows no such key. {fix}"
        elif isinstance(value, bool) or not isinstance(value, str | int):
            yield f"{KEY}.{key}: is not text. Put it in quotes."


def lacking(given: Values) -> str:
    """Say what is lacking to begin, if something is.

    A key that is empty is no fault of the settings: it may come from the environment, and only who
    sets records needs it.
    """
    if not given:
        return (
            f"{KEY}: is not set. Name who has your DNS, and give its key, like this:\n{EXAMPLE}\n"
            f"Known are: {', '.join(PROVIDERS)}."
        )
    for key, value in given.items():
        if not str(value).strip():
            return (
                f"{KEY}.{key}: is empty. Is it in the vault or the environment that it comes from?"
            )
    try:
        b64decode(str(given.get("key_secret", "")), validate=True)
    except ValueError:
        return f"{KEY}.key_secret: is not in base64. Write it as the name server's file has it."
    return ""


def for_octodns(given: Values) -> dict[str, Any]:
    """Return what octoDNS has to know, or what is lacking."""
    why = lacking(given)
    if why:
        return {"lacking": why}
    provider = PROVIDERS[given["name"]]
    settings = {key: str(value) for key, value in given.items() if key != "name"}
    return {
        "lacking": "",
        "name": str(given["name"]),
        "class": provider.octodns,
        "settings": {**settings, **dict(provider.fixed)},
        "secrets": [value for key, value in settings.items() if key not in PUBLIC],
    }


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        return {
            "mailpopbox_dns_provider_problems": problems,
            "mailpopbox_dns_provider": for_octodns,
        }
