"""What preflight refuses, and that it names the key, the value and the fix."""

from typing import Any

import pytest
from plugins import check, options, plugin

GOOD: dict[str, Any] = {
    "mailpopbox_hostname": "mx.example.com",
    "mailpopbox_mailboxes": [{"login": "mailbox@example.com", "domains": ["example.com"]}],
}


def mailbox(**changed: Any) -> dict[str, Any]:
    """Return the settings with these keys of the one mailbox changed; None takes one out."""
    box = GOOD["mailpopbox_mailboxes"][0] | changed
    return {"mailpopbox_mailboxes": [{key: box[key] for key in box if box[key] is not None}]}


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"mailpopbox_mailboxes": [first, second]}


def acme(**changed: Any) -> dict[str, Any]:
    return {"mailpopbox_tls": "acme", **changed}


def rfc2136(**changed: Any) -> dict[str, Any]:
    """Return settings with these of the credentials changed; None takes one out."""
    names = ("server", "name", "secret")
    credentials = {f"dns_rfc2136_{name}": "geheim" for name in names} | changed
    return acme(
        mailpopbox_acme_challenge="dns-rfc2136",
        mailpopbox_acme_credentials={k: v for k, v in credentials.items() if v is not None},
    )


def provider(name: object, **keys: Any) -> dict[str, Any]:
    return {"mailpopbox_dns_provider": {"name": name, **keys}}


ALICE = {"login": "alice@example.net", "domains": ["example.net"]}

# settings, then words that the one sentence must hold: the key, the value, the fix
BAD: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    # Signing and judging
    "no DKIM algorithm": ({"mailpopbox_dkim_algorithms": []}, ("mailpopbox_dkim_algorithms:", "[]", "Write [rsa]")),
    "a DKIM algorithm of our own": (
        {"mailpopbox_dkim_algorithms": ["rsa", "dsa"]},
        ("mailpopbox_dkim_algorithms:", "[rsa, dsa]", "Write [rsa] or [rsa, ed25519]"),
    ),
    "Ed25519 alone": (
        {"mailpopbox_dkim_algorithms": ["ed25519"]},
        ("mailpopbox_dkim_algorithms:", "[ed25519]", "Write [rsa] or [rsa, ed25519]"),
    ),
    "a DMARC policy of the DNS": (
        {"mailpopbox_dmarc": "reject"},
        ("mailpopbox_dmarc:", '"reject"', "monitor, relaxed, strict"),
    ),
    "a domain that is nobody's": (
        mailbox(domains=["example.com", "doctor.invalid"]),
        ("mailpopbox_mailboxes[1].domains[2]:", '"doctor.invalid"', "Write a domain of yours"),
    ),
    "a blocklist with a dot at its end": (
        {"mailpopbox_doctor_blocklists": ["bl.example.org."]},
        ("mailpopbox_doctor_blocklists[1]:", '"bl.example.org."', "with no dot at the end"),
    ),
    "no host to try the way out at": (
        {"mailpopbox_doctor_outside": "the outside"},
        ("mailpopbox_doctor_outside:", '"the outside"', "Write it like example.com"),
    ),
    "no host that tells the time": (
        {"mailpopbox_doctor_clock": "clock"},
        ("mailpopbox_doctor_clock:", '"clock"', "Write it like example.com"),
    ),
    "an address as a sealer": (
        {"mailpopbox_arc_trusted": ["list@example.org"]},
        ("mailpopbox_arc_trusted[1]:", '"list@example.org"', "Write it like example.com"),
    ),
    "a blocklist that is no zone": (
        {"mailpopbox_dnsbl": ["bl.example.org=127.0.0.2"]},
        ("mailpopbox_dnsbl[1]:", '"bl.example.org=127.0.0.2"', "Write it like example.com"),
    ),
    "a blocklist twice": (
        {"mailpopbox_dnsbl": ["bl.example.org", "BL.example.org"]},
        ("mailpopbox_dnsbl[2]:", '"BL.example.org"', "Take one out"),
    ),
    "a blocklist without a resolver": (
        {"mailpopbox_dnsbl": ["bl.example.org"], "mailpopbox_resolver": False},
        ("mailpopbox_dnsbl:", "mailpopbox_resolver, which is false", "Set that to true"),
    ),
    "spam is refused before it is marked": (
        {"mailpopbox_spam_mark": 15},
        ("mailpopbox_spam_mark:", "15", "below mailpopbox_spam_reject", "Write less"),
    ),
    "spam is refused before it has to wait": (
        {"mailpopbox_spam_greylist": 20},
        ("mailpopbox_spam_greylist:", "20", "below mailpopbox_spam_reject", "Write less"),
    ),
    "a score that none reaches": (
        {"mailpopbox_spam_reject": 1001},
        ("mailpopbox_spam_reject:", "1001", "from 0 to 1000"),
    ),
    # Keys
    "unknown key": ({"mailpopbox_host": "x"}, ("mailpopbox_host:", "Did you mean mailpopbox_hostname?")),
    "misspelt prefix": ({"mail_popbox_ipv6": True}, ("mail_popbox_ipv6:", "mailpopbox_ipv6")),
    "capitals in a key": ({"MAILPOPBOX_IPV6": True}, ("MAILPOPBOX_IPV6:", "no such key")),
    "unknown key of a mailbox": (
        mailbox(domain=["example.com"]),
        ("mailpopbox_mailboxes[1].domain:", "Did you mean domains?"),
    ),
    "no host name": ({"mailpopbox_hostname": None}, ("mailpopbox_hostname:", "is missing")),
    "no mailboxes": ({"mailpopbox_mailboxes": None}, ("mailpopbox_mailboxes:", "is missing")),
    "no login": (mailbox(login=None), ("mailpopbox_mailboxes[1].login:", "is missing")),
    "key without a value": ({"mailpopbox_tls": None}, ("mailpopbox_tls:", "has no value")),
    # Types
    "mailboxes as a mapping": (
        {"mailpopbox_mailboxes": {"login": "a@example.com"}},
        ("mailpopbox_mailboxes:", "is not a list", "after a dash"),
    ),
    "mailbox as text": (
        {"mailpopbox_mailboxes": ["mailbox@example.com"]},
        ("mailpopbox_mailboxes[1]:", '"mailbox@example.com"', "name: value"),
    ),
    "domains as text": (
        mailbox(domains="example.com"),
        ("mailpopbox_mailboxes[1].domains:", '"example.com"', "is not a list"),
    ),
    "domain as a number": (
        mailbox(domains=[12]),
        ("mailpopbox_mailboxes[1].domains[1]:", "12", "is not text"),
    ),
    "host name as a number": ({"mailpopbox_hostname": 5}, ("mailpopbox_hostname:", "5", "quotes")),
    "truth as a word": (
        {"mailpopbox_ipv6": "maybe"},
        ("mailpopbox_ipv6:", '"maybe"', "neither true nor false"),
    ),
    "number as a word": (
        {"mailpopbox_max_message_mb": "plenty"},
        ("mailpopbox_max_message_mb:", '"plenty"', "digits"),
    ),
    "number as a truth": (
        {"mailpopbox_max_message_mb": True},
        ("mailpopbox_max_message_mb:", "true", "digits"),
    ),
    "fraction": ({"mailpopbox_queue_days": 1.5}, ("mailpopbox_queue_days:", "1.5", "digits")),
    "password as a number": (
        mailbox(password=12345678901),
        ("mailpopbox_mailboxes[1].password:", "not text", "quotes"),
    ),
    "extra settings as a list": (
        {"mailpopbox_postfix_extra": ["a = b"]},
        ("mailpopbox_postfix_extra:", "name: value"),
    ),
    # Host name
    "host name of one label": ({"mailpopbox_hostname": "mail"}, ("mailpopbox_hostname:", '"mail"', "full")),
    "host name with an underscore": ({"mailpopbox_hostname": "my_mx.example.com"}, ('"my_mx.example.com"',)),
    "host name that is an address": ({"mailpopbox_hostname": "192.0.2.1"}, ('"192.0.2.1"', "Write a name")),
    "host name with a dot at the end": ({"mailpopbox_hostname": "mx.example.com."}, ("no dot at the end",)),
    "host name with a space": ({"mailpopbox_hostname": "mx .example.com"}, ('"mx .example.com"',)),
    "host name with a newline": ({"mailpopbox_hostname": "mx.example.com\nx"}, ("mailpopbox_hostname:",)),
    "empty host name": ({"mailpopbox_hostname": ""}, ("mailpopbox_hostname:", "Write it like")),
    "host name with a label too long": ({"mailpopbox_hostname": "a" * 64 + ".example.com"}, ("aaaa",)),
    "host name with a scheme": ({"mailpopbox_hostname": "https://mx.example.com"}, ("https:",)),
    # Mailboxes
    "no mailbox at all": ({"mailpopbox_mailboxes": []}, ("mailpopbox_mailboxes:", "is empty", "Give at least")),
    "nothing would arrive": (mailbox(domains=[]), ("mailpopbox_mailboxes[1]:", "neither domains nor addresses")),
    "login without a domain": (mailbox(login="mailbox"), (".login:", '"mailbox"', "has no domain")),
    "login with a space": (mailbox(login="my box@example.com"), (".login:", "odd characters")),
    "login with a slash": (mailbox(login="../x@example.com"), (".login:", '"../x@example.com"')),
    "login outside its domains": (
        mailbox(login="mailbox@example.org"),
        (".login:", '"mailbox@example.org"', "Add its domain to domains"),
    ),
    "login outside its addresses": (
        mailbox(domains=None, addresses=["shop-*@example.com"]),
        (".login:", "or the login to addresses"),
    ),
    "two mailboxes of one login": (
        two(ALICE, ALICE | {"login": "Alice@Example.NET", "domains": ["example.org"], "addresses": ["alice@example.net"]}),
        ("mailpopbox_mailboxes[2]", '"alice@example.net"', "mailpopbox_mailboxes[1]"),
    ),
    "domain of two mailboxes": (
        two(ALICE, {"login": "bob@example.net", "domains": ["EXAMPLE.net"]}),
        ("mailpopbox_mailboxes[2].domains:", '"example.net"', "Leave it to one"),
    ),
    "domain twice": (mailbox(domains=["example.com", "Example.Com"]), (".domains[2]:", '"Example.Com"', "twice")),
    "international domain twice": (
        mailbox(domains=["example.com", "bücher.example", "xn--bcher-kva.example"]),
        (".domains[3]:", "twice"),
    ),
    "domain of one label": (mailbox(domains=["example.com", "localhost"]), (".domains[2]:", '"localhost"')),
    "domain with a star": (mailbox(domains=["example.com", "*.example.org"]), ('"*.example.org"',)),
    "domain that is an address": (mailbox(domains=["example.com", "me@example.org"]), ('"me@example.org"',)),
    "domain with a disputed letter": (
        mailbox(domains=["example.com", "straße.example"]),
        ('"straße.example"', "xn--"),
    ),
    "address without a domain": (mailbox(addresses=["shop"]), (".addresses[1]:", '"shop"', "has no domain")),
    "address with a star in its domain": (mailbox(addresses=["shop@*.example.org"]), (".addresses[1]:", '"*.example.org"')),
    "address with two dots": (mailbox(addresses=["a..b@example.org"]), ('"a..b@example.org"',)),
    "address with letters outside ASCII": (mailbox(addresses=["jürgen@example.org"]), ("jürgen", "odd")),
    "address too long": (mailbox(addresses=["a" * 65 + "@example.org"]), ("too long",)),
    "address of two mailboxes": (
        two(ALICE | {"addresses": ["x@example.org"]}, {"login": "bob@example.com", "domains": ["example.com"], "addresses": ["X@example.org"]}),
        ("mailpopbox_mailboxes[2].addresses:", '"x@example.org"', "Leave it to one"),
    ),
    "address that is another's login": (
        two(ALICE, {"login": "bob@example.com", "domains": ["example.com"], "addresses": ["alice@example.net"]}),
        ("mailpopbox_mailboxes[2].addresses:", '"alice@example.net"'),
    ),
    "blocked outside its domains": (mailbox(blocked=["x@example.org"]), (".blocked:", '"x@example.org"', "Block it where")),
    "blocked postmaster": (mailbox(blocked=["postmaster@example.com"]), (".blocked:", "must arrive", "Take it out")),
    "blocked without a domain": (mailbox(blocked=["spam-*"]), (".blocked[1]:", '"spam-*"', "has no domain")),
    "aliases neither open nor signed": (mailbox(aliases="closed"), (".aliases:", '"closed"', "open, signed")),
    # The ledger
    "ledger elsewhere": ({"mailpopbox_ledger": "/srv/ledger"}, ("mailpopbox_ledger:", "a file in /var/lib/mailpopbox")),
    "ledger above its folder": ({"mailpopbox_ledger": "/var/lib/mailpopbox/../x"}, ("mailpopbox_ledger:",)),
    "ledger in another database": ({"mailpopbox_ledger": "mysql://a:b@c/d"}, ("mailpopbox_ledger:", "postgresql://")),
    "ledger that forgets at once": ({"mailpopbox_ledger_days": 0}, ("mailpopbox_ledger_days:", "from 1 to 36500")),
    # DNS
    "address of the host that is none": ({"mailpopbox_addresses": ["mx.example.com"]}, ("mailpopbox_addresses[1]:", '"mx.example.com"', "like 192.0.2.1")),
    "address of the host with its network": ({"mailpopbox_addresses": ["198.51.100.7/24"]}, ("mailpopbox_addresses[1]:", "/24")),
    "address of the host twice": (
        {"mailpopbox_addresses": ["2001:db8::1", "2001:DB8:0::1"]},
        ("mailpopbox_addresses[2]:", "twice"),
    ),
    "address of the host that is any host's": ({"mailpopbox_addresses": ["127.0.0.1"]}, ("mailpopbox_addresses[1]:", "leads nobody")),
    "address of the host on its link": ({"mailpopbox_addresses": ["fe80::1"]}, ("mailpopbox_addresses[1]:", "leads nobody")),
    "address of the host that means IPv4": ({"mailpopbox_addresses": ["::ffff:198.51.100.7"]}, ("mailpopbox_addresses[1]:", "leads nobody")),
    "IPv6 address without IPv6": (
        {"mailpopbox_addresses": ["2001:db8::1"], "mailpopbox_ipv6": False},
        ("mailpopbox_addresses:", '"2001:db8::1"', "mailpopbox_ipv6 is false"),
    ),
    "records of a catch-all": ({"mailpopbox_dns_domains": ["Example.com"]}, ("mailpopbox_dns_domains:", '"example.com"', "Take it out")),
    "records of a domain without an address": (
        {"mailpopbox_dns_domains": ["example.org"]},
        ("mailpopbox_dns_domains:", '"example.org"', "an address there"),
    ),
    "records of what is no domain": ({"mailpopbox_dns_domains": ["x@example.org"]}, ("mailpopbox_dns_domains[1]:", "not a full domain")),
    "unknown policy": ({"mailpopbox_dns_dmarc_policy": "strict"}, ("mailpopbox_dns_dmarc_policy:", "none, quarantine, reject")),
    # Passwords
    "short password": (mailbox(password="secret"), (".password:", "6 bytes", "10 to 72")),
    "empty password": (mailbox(password=""), (".password:", "0 bytes", "leave it out")),
    "password longer than bcrypt reads": (mailbox(password="ä" * 37), (".password:", "74 bytes")),
    "password with a line break": (mailbox(password="one line\nanother"), (".password:", "line break")),
    "password that is the login": (mailbox(password="Mailbox@example.com"), (".password:", "is the login")),
    # The other settings
    "unknown kind of certificate": ({"mailpopbox_tls": "snakeoil"}, ("mailpopbox_tls:", '"snakeoil"', "selfsigned, acme, files")),
    "files without a key": (
        {"mailpopbox_tls": "files", "mailpopbox_tls_certificate": "/etc/ssl/mail.pem"},
        ("mailpopbox_tls_key:", "in full"),
    ),
    "certificate by a relative path": (
        {"mailpopbox_tls": "files", "mailpopbox_tls_certificate": "mail.pem", "mailpopbox_tls_key": "/k"},
        ("mailpopbox_tls_certificate:", '"mail.pem"', "in full"),
    ),
    "authority without effect": (
        {"mailpopbox_acme_email": "me@example.com"},
        ("mailpopbox_acme_email:", "no effect", "mailpopbox_tls: acme"),
    ),
    "authority without TLS": (
        acme(mailpopbox_acme_server="http://acme.example.com/directory"),
        ("mailpopbox_acme_server:", '"http://acme.example.com/directory"', "https://"),
    ),
    "authority that is no address": (acme(mailpopbox_acme_server="staging"), ("mailpopbox_acme_server:", '"staging"')),
    "authority with a line break": (acme(mailpopbox_acme_server="https://a.example/\nx = y"), ("mailpopbox_acme_server:",)),
    "authority that writes to no address": (acme(mailpopbox_acme_email="me"), ("mailpopbox_acme_email:", '"me"', "no domain")),
    "certificate for a name of one label": (acme(mailpopbox_acme_names=["mail"]), ("mailpopbox_acme_names[1]:", '"mail"', "full")),
    "certificate for all names": (acme(mailpopbox_acme_names=["*.example.com"]), ("mailpopbox_acme_names[1]:", '"*.example.com"')),
    "certificate for a name twice": (
        acme(mailpopbox_acme_names=["a.example.com", "A.example.com"]),
        ("mailpopbox_acme_names[2]:", '"A.example.com"', "twice"),
    ),
    "certificate for the host name twice": (
        acme(mailpopbox_acme_names=["MX.example.com"]),
        ("mailpopbox_acme_names:", '"mx.example.com"', "Take it out"),
    ),
    "policy without effect": (
        {"mailpopbox_mta_sts_policy": "enforce"},
        ("mailpopbox_mta_sts_policy:", '"enforce"', "no effect", "Set mailpopbox_web: true"),
    ),
    "policy that nobody believes": (
        {"mailpopbox_web": True, "mailpopbox_mta_sts_policy": "enforce"},
        ("mailpopbox_mta_sts_policy:", '"enforce"', "self-signed", "Set mailpopbox_tls: acme or files"),
    ),
    "policy that YAML takes for false": ({"mailpopbox_mta_sts_policy": False}, ("mailpopbox_mta_sts_policy:", "false is not text")),
    "more names than a certificate has": (
        acme(mailpopbox_web=True, mailpopbox_dns_domains=[f"d{number}.example" for number in range(50)],
             mailpopbox_mailboxes=[{"login": "m@example.com", "domains": ["example.com"],
                                    "addresses": [f"*@d{number}.example" for number in range(50)]}]),
        ("mailpopbox_web:", "103 names", "100 at most"),
    ),
    "unknown challenge": (acme(mailpopbox_acme_challenge="dns"), ("mailpopbox_acme_challenge:", '"dns"', "http, dns-cloudflare")),
    "credentials that nobody needs": (
        acme(mailpopbox_acme_credentials={"dns_rfc2136_name": "x"}),
        ("mailpopbox_acme_credentials:", "no effect", "Set mailpopbox_acme_challenge"),
    ),
    "plugin without credentials": (
        acme(mailpopbox_acme_challenge="dns-cloudflare"),
        ("mailpopbox_acme_credentials:", "dns-cloudflare needs more", "dns_cloudflare_api_token"),
    ),
    "plugin without one of its credentials": (
        rfc2136(dns_rfc2136_name=None),
        ("mailpopbox_acme_credentials:", "needs more", "Write dns_rfc2136_name, too"),
    ),
    "credential that the plugin does not know": (
        rfc2136(dns_rfc2136_prot="53"),
        ("mailpopbox_acme_credentials.dns_rfc2136_prot:", "knows no such key", "Did you mean dns_rfc2136_port?"),
    ),
    "credential of another plugin": (
        rfc2136(token="x"),
        ("mailpopbox_acme_credentials.token:", "Known are: dns_rfc2136_server"),
    ),
    "credential that YAML reads as a truth": (
        rfc2136(dns_rfc2136_sign_query=True),
        ("mailpopbox_acme_credentials.dns_rfc2136_sign_query:", "in quotes"),
    ),
    "credential with a quote": (
        rfc2136(dns_rfc2136_secret='sec"ret'),
        ("mailpopbox_acme_credentials.dns_rfc2136_secret:", "has a quote"),
    ),
    "empty credential": (rfc2136(dns_rfc2136_secret=""), ("mailpopbox_acme_credentials.dns_rfc2136_secret:", "is empty")),
    "credentials as text": (
        acme(mailpopbox_acme_challenge="dns-rfc2136", mailpopbox_acme_credentials="geheim"),
        ("mailpopbox_acme_credentials:", "is not a mapping", "name: value"),
    ),
    "DNS that is never ready": (acme(mailpopbox_acme_dns_seconds=86400), ("mailpopbox_acme_dns_seconds:", "86400", "0 to 3600")),
    "certificate without effect": (
        {"mailpopbox_tls_certificate": "/etc/ssl/mail.pem"},
        ("mailpopbox_tls_certificate:", "no effect", "mailpopbox_tls: files"),
    ),
    "administrator without a login": ({"mailpopbox_admin": "root"}, ("mailpopbox_admin:", '"root"', "mailbox@example.com")),
    "capture without a login": ({"mailpopbox_capture_outbound": "x@example.com"}, ("mailpopbox_capture_outbound:",)),
    "message size of nothing": ({"mailpopbox_max_message_mb": 0}, ("mailpopbox_max_message_mb:", "0", "1 to 1000")),
    "negative limit": ({"mailpopbox_client_connections": -1}, ("mailpopbox_client_connections:", "-1", "from 0")),
    "user number of root": ({"mailpopbox_vmail_uid": 0}, ("mailpopbox_vmail_uid:", "500 to 60000")),
    "extra setting with a bad name": ({"mailpopbox_postfix_extra": {"My-Key": "x"}}, ("mailpopbox_postfix_extra.My-Key:",)),
    "extra setting that reports are sent by": (
        {"mailpopbox_tls_reports": True, "mailpopbox_postfix_extra": {"smtp_generic_maps": "x"}},
        ("mailpopbox_postfix_extra.smtp_generic_maps:", "mailpopbox_tls_reports"),
    ),
    "extra setting of two lines": (
        {"mailpopbox_postfix_extra": {"mynetworks": "x\nrelay = y"}},
        ("mailpopbox_postfix_extra.mynetworks:", "one line"),
    ),
    "extra setting that YAML reads as a truth": (
        {"mailpopbox_postfix_extra": {"biff": True}},
        ("mailpopbox_postfix_extra.biff:", '"yes" or "no"'),
    ),
    # Who has the DNS
    "provider without a name": ({"mailpopbox_dns_provider": {"token": "x"}}, ("mailpopbox_dns_provider:", "no name", "cloudflare, desec")),
    "unknown provider": (provider("clouddns", token="x"), ("mailpopbox_dns_provider.name:", '"clouddns"', "cloudflare, desec")),
    "provider whose name is a list": (provider(["rfc2136"]), ("mailpopbox_dns_provider.name:", "rfc2136")),
    "provider without its key": (provider("cloudflare"), ("mailpopbox_dns_provider:", "cloudflare needs more", "Write token, too")),
    "provider without most of it": (provider("rfc2136", host="192.0.2.1"), ("mailpopbox_dns_provider:", "Write key_name and key_secret, too")),
    "provider with a key of another": (provider("desec", token="x", key_name="y"), ("mailpopbox_dns_provider.key_name:", "knows no such key", "Known are: token")),
    "provider with a key that is almost right": (
        provider("rfc2136", host="a", key_name="b", key_secret="c", key_algoritm="d"),
        ("mailpopbox_dns_provider.key_algoritm:", "Did you mean key_algorithm?"),
    ),
    "provider with a number that is none": (provider("desec", token=1.5), ("mailpopbox_dns_provider.token:", "in quotes")),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "words"), BAD.values(), ids=BAD)
def test_is_refused(changed: dict[str, Any], words: tuple[str, ...]) -> None:
    problems = check(GOOD | changed)["problems"]
    assert any(all(word in problem for word in words) for problem in problems), problems
    assert len(problems) == 1 or "two mailboxes" in str(problems), problems


def test_all_is_said_at_once() -> None:
    problems = check(GOOD | {"mailpopbox_tls": "x", "mailpopbox_ipv6": "x", "mailpopbox_x": 1})
    assert len(problems["problems"]) == 3


def test_no_password_is_shown() -> None:
    for password in ("geheim", 1234, ["geheim123456"], "line\nline geheim", "a" * 99):
        assert "geheim" not in str(check(GOOD | mailbox(password=password))["problems"])
        assert "1234" not in str(check(GOOD | mailbox(password=password))["problems"])


@pytest.mark.parametrize(
    "credentials", ["geheim", ["geheim"], {"geheim": "x"}, {"dns_rfc2136_name": ["geheim"]}]
)
def test_no_credential_is_shown(credentials: Any) -> None:
    settings = acme(
        mailpopbox_acme_challenge="dns-rfc2136", mailpopbox_acme_credentials=credentials
    )
    problems = check(GOOD | settings)["problems"]
    assert problems
    # The name of a key is no secret, and must be said.
    assert "geheim" not in str(problems).replace("credentials.geheim:", "")


def test_a_plugin_that_a_release_lacks() -> None:
    absent = plugin("acme").absent
    mail = {"tls": "acme", "acme_challenge": "dns-ovh"}
    assert absent(mail, "12") == ""
    assert '"dns-ovh". Write one of: http, dns-cloudflare, dns-desec,' in absent(mail, "13")
    for other in ({"acme_challenge": "http"}, {"acme_challenge": "dns-rfc2136"}, {"tls": "files"}):
        assert absent(mail | other, "13") == ""


@pytest.mark.parametrize(
    "given",
    [
        "geheim",
        ["geheim"],
        {"token": "geheim"},
        {"name": "cloudflare", "geheim": "x"},
        {"name": "cloudflare", "token": ["geheim"]},
        {"name": "cloudflare", "tokem": "geheim"},
    ],
)
def test_no_key_to_the_dns_is_shown(given: Any) -> None:
    problems = check(GOOD | {"mailpopbox_dns_provider": given})["problems"]
    assert problems
    # The name of a key is no secret, and must be said.
    assert "geheim" not in str(problems).replace("provider.geheim:", "")


def test_what_is_lacking_to_set_records_is_told_with_an_example() -> None:
    for_octodns = plugin("dns_provider").for_octodns
    lacking = for_octodns({})["lacking"]
    assert "mailpopbox_dns_provider: is not set" in lacking
    assert 'token: "{{ vault_' in lacking
    # It may come from the environment, and deploying does without.
    empty = provider("cloudflare", token=" ")
    assert check(GOOD | empty)["problems"] == []
    lacking = for_octodns(empty["mailpopbox_dns_provider"])["lacking"]
    assert lacking.startswith("mailpopbox_dns_provider.token: is empty.")
    given = {"name": "rfc2136", "host": "192.0.2.53", "key_name": "k", "key_secret": "geheim!"}
    lacking = for_octodns(given)["lacking"]
    assert lacking.startswith("mailpopbox_dns_provider.key_secret: is not in base64.")
    assert "geheim" not in lacking
    # YAML takes digits for a number.
    assert for_octodns(given | {"key_secret": 12345})["lacking"] == lacking
    assert for_octodns(given | {"key_secret": 1234})["settings"]["key_secret"] == "1234"


def test_what_octodns_is_told() -> None:
    given = {
        "name": "rfc2136",
        "host": "192.0.2.53",
        "key_name": "k",
        "key_secret": "cw==",
        "port": 53,
    }
    assert plugin("dns_provider").for_octodns(given) == {
        "lacking": "",
        "name": "rfc2136",
        "class": "octo.Rfc2136",
        "settings": {"host": "192.0.2.53", "key_name": "k", "key_secret": "cw==", "port": "53"},
        "secrets": ["cw=="],
    }
    hetzner = plugin("dns_provider").for_octodns({"name": "hetzner", "token": "t"})
    assert hetzner["settings"] == {"token": "t", "backend": "hcloud"}


def test_the_plugins_are_those_of_the_spec() -> None:
    choices = options()["mailpopbox_acme_challenge"]["choices"]
    assert choices == ["http", *plugin("acme").PLUGINS]
