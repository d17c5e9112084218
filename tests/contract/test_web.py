"""Which files are served, under which names."""

from typing import Any

from plugins import model, plugin

BASE: dict[str, Any] = {
    "mailpopbox_hostname": "mx.example.com",
    "mailpopbox_mailboxes": [
        {"login": "secret@example.com", "domains": ["example.com"]},
        {"login": "other@example.net", "addresses": ["other@example.net"]},
    ],
    "mailpopbox_web": True,
    "mailpopbox_tls": "acme",
}
ANSWER = dict.fromkeys(plugin("web").ANSWERS, "example.com.xml")
PROFILE = {"/apple.mobileconfig": "apple.mobileconfig"}
POLICY = {"/.well-known/mta-sts.txt": "mta-sts.txt"}


def sites(**changed: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = model(BASE | changed)["sites"]
    return found


def test_nothing_is_served_unless_somebody_wants_it() -> None:
    assert sites(mailpopbox_web=False) == {}


def test_each_domain_of_which_all_mail_arrives_has_its_names() -> None:
    assert sites() == {
        "mx.example.com": PROFILE,
        "autoconfig.example.com": ANSWER,
        "mta-sts.example.com": POLICY,
    }
    assert {"autoconfig.example.net", "mta-sts.example.net"} <= sites(
        mailpopbox_dns_domains=["example.net"]
    ).keys()


def test_no_policy_comes_with_a_certificate_that_nobody_trusts() -> None:
    found = sites(mailpopbox_tls="selfsigned")
    assert "mta-sts.txt" not in str(found)
    assert found["autoconfig.example.com"] == ANSWER


def test_names_that_meet_serve_what_both_do() -> None:
    found = sites(mailpopbox_hostname="example.com")
    assert found["example.com"] == PROFILE | {
        "/.well-known/autoconfig/mail/config-v1.1.xml": "example.com.xml"
    }
    found = sites(mailpopbox_hostname="autoconfig.example.com")
    assert found["autoconfig.example.com"] == PROFILE | ANSWER


def test_no_login_is_in_it() -> None:
    assert "@" not in str(sites())
    assert "secret" not in str(sites())
