"""What is served over HTTPS: what mail programs and servers need of it, and what is never in it."""

import plistlib
import re
import uuid
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from rendering import ACME, LARGE, SETTINGS, SMALL, TEMPLATES, render

PUBLIC = sorted(
    str(path.relative_to(TEMPLATES))[:-3]
    for path in (TEMPLATES / "web/etc/mailpopbox/web/public").iterdir()
)
CONFIGURATION = "web/etc/mailpopbox/web/nginx.conf"


MAILBOXES = [
    {"login": "hidden@example.com", "domains": ["example.com"], "blocked": ["leaked@example.com"]},
    {"login": "quiet@example.org", "addresses": ["quiet@example.org", "sales-*@example.com"]},
]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("name", [*PUBLIC, CONFIGURATION])
def test_no_login_and_no_address_is_in_it(name: str, settings: dict[str, Any]) -> None:
    own = {
        "mailpopbox_mailboxes": MAILBOXES,
        "mailpopbox_admin": "",
        "mailpopbox_capture_outbound": "",
    }
    text = render(name, settings | own)
    assert not re.search(r"@|hidden|leaked|quiet|sales|example\.org", text)


def test_the_policy() -> None:
    policy = render("web/etc/mailpopbox/web/public/mta-sts.txt", LARGE)
    assert policy == "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 2419200\n"
    back = render(
        "web/etc/mailpopbox/web/public/mta-sts.txt", LARGE | {"mailpopbox_mta_sts_policy": "none"}
    )
    assert back == "version: STSv1\nmode: none\nmx: mx.example.com\nmax_age: 86400\n"


def test_what_thunderbird_needs() -> None:
    root = ET.fromstring(render("web/etc/mailpopbox/web/public/DOMAIN.xml", SMALL))  # noqa: S314
    assert (root.tag, root.get("version")) == ("clientConfig", "1.1")
    [provider] = root
    assert provider.tag == "emailProvider"
    # It takes nothing else for the name of a provider.
    assert re.fullmatch(r"[a-z0-9.-]+", provider.get("id", ""))
    assert [each.text for each in provider.findall("domain")] == ["DOMAIN"]
    servers = {
        (each.tag, each.get("type")): {field.tag: field.text for field in each}
        for each in provider
        if each.get("type")
    }
    same = {
        "hostname": "mx.example.com",
        "socketType": "SSL",
        "authentication": "password-cleartext",
        "username": "%EMAILADDRESS%",
    }
    assert servers == {
        ("incomingServer", "pop3"): same | {"port": "995"},
        ("outgoingServer", "smtp"): same | {"port": "465"},
    }


def test_what_apple_devices_need() -> None:
    text = render("web/etc/mailpopbox/web/public/apple.mobileconfig", SMALL)
    profile = plistlib.loads(text.encode())
    [account] = profile["PayloadContent"]
    assert (profile["PayloadType"], account["PayloadType"]) == (
        "Configuration",
        "com.apple.mail.managed",
    )
    assert account["EmailAccountType"] == "EmailTypePOP"
    for way, port in (("Incoming", 995), ("Outgoing", 465)):
        assert account[f"{way}MailServerHostName"] == "mx.example.com"
        assert account[f"{way}MailServerPortNumber"] == port
        assert account[f"{way}MailServerUseSSL"] is True
        assert account[f"{way}MailServerAuthentication"] == "EmailAuthPassword"
        # The device asks for what is not there.
        assert f"{way}MailServerUsername" not in account
    assert "EmailAddress" not in account
    identifiers = {each["PayloadIdentifier"] for each in (profile, account)}
    uuids = {uuid.UUID(each["PayloadUUID"]) for each in (profile, account)}
    assert len(identifiers) == len(uuids) == 2
    # A second download replaces the first.
    assert render("web/etc/mailpopbox/web/public/apple.mobileconfig", SMALL) == text


def test_each_name_serves_its_own_files_and_nothing_else() -> None:
    text = render(CONFIGURATION, ACME)
    blocks = text.split("\n    server {")[1:]
    assert "ssl_reject_handshake on;" in blocks[0]
    assert [re.findall(r"server_name (\S+);", block) for block in blocks[1:]] == [
        ["mx.example.com"],
        ["autoconfig.example.com"],
        ["mta-sts.example.com"],
    ]
    for block in blocks[1:]:
        assert block.count("return 404;") == 1
        assert all(path.startswith("= /") for path in re.findall(r"location (= \S+)", block))
    assert "listen [::]:443" in text
    assert "listen [::]" not in render(CONFIGURATION, LARGE)
    assert " 80" not in text
