"""What the doctor is told by the playbook."""

from pathlib import Path

import pytest
import yaml
from mailpopbox.config import ConfigError
from mailpopbox.doctor.settings import Settings, load, parse
from rendering import ACME, LARGE, SMALL, render


def test_what_the_playbook_writes(tmp_path: Path) -> None:
    path = tmp_path / "doctor.yml"
    path.write_text(render("doctor/etc/mailpopbox/doctor.yml", SMALL))
    small = load(path)
    assert (small.tls, small.resolver, small.daily) == ("selfsigned", True, True)
    assert (small.mta_sts, small.web, small.messages_per_minute) == (True, False, 60)
    assert small.blocklists[0] == "zen.spamhaus.org"
    assert (small.outside, small.clock) == ("debian.org", "2.debian.pool.ntp.org")
    assert parse(yaml.safe_load(render("doctor/etc/mailpopbox/doctor.yml", LARGE))) == Settings(
        "files",
        resolver=False,
        mta_sts=False,
        tls_sessions="told",
        web=True,
        messages_per_minute=60,
        daily=False,
        outside="198.51.100.9",
    )
    assert parse(yaml.safe_load(render("doctor/etc/mailpopbox/doctor.yml", ACME))).tls == "acme"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "[] is no mapping; write keys and values, like “tls: …”"),
        ({"tls": "x"}, "tls: 'x' is none of selfsigned, files, acme"),
        ({"tls_sessions": "heard"}, "tls_sessions: 'heard' is none of told, logged"),
        ({"resolver": 1}, "resolver: 1 is neither true nor false"),
        ({"messages_per_minute": -1}, "messages_per_minute: -1 is no whole number from 0 up"),
        ({"blocklists": ["x"]}, "blocklists[1]: 'x' is no domain name; write one like mx.example.com (xn--… for letters outside ASCII)"),
        ({"outside": "a b"}, "outside: 'a b' is no domain, host or address; write one like mx.example.com"),
        ({"milter": "x"}, "milter: 'x' is no absolute path; write one that begins with /"),
    ],
)  # fmt: skip
def test_what_is_refused(document: object, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(document)
    assert raised.value.problems == (problem,)
