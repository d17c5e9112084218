"""Where a ledger may be kept, and that its password is shown nowhere."""

from pathlib import Path
from typing import Any

import pytest
from mailpopbox.config import ConfigError, load, parse

MINIMAL: dict[str, Any] = {
    "socket": "/run/mailpopbox/milter.sock",
    "hostname": "mx.example.com",
    "mailboxes": [{"login": "mailbox@example.com", "domains": ["example.com"]}],
}


def test_what_the_ledger_is_by_default() -> None:
    config = parse(MINIMAL)
    assert (config.ledger, config.ledger_days) == ("/var/lib/mailpopbox/ledger.sqlite", 400)
    assert parse(MINIMAL | {"ledger_days": 1}).ledger_days == 1


@pytest.mark.parametrize(
    "place",
    [
        "/srv/Ledger",
        "postgresql://ledger:se-cr_et~@db.example.com/ledger",
        "postgresql://ledger:100%25%40home@db.example.com:5433/ledger",
        "postgresql://ledger@[2001:db8::1]:5432,db2.example.com/ledger",
        "postgresql:///ledger?host=/run/postgresql",
        "postgresql://a:b@c/d?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt",
    ],
)
def test_where_a_ledger_may_be(place: str) -> None:
    assert parse(MINIMAL | {"ledger": place}).ledger == place


PATH_OR_URL = (
    "is no absolute path; write one that begins with /, or postgresql://user:password@host/database"
)
NO_SUCH_URL = (
    "is not written like postgresql://user:password@host/database; in user and password,"
    " other characters than letters, digits and -._~ are written as %40 for @ and so on"
)


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("ledger.sqlite", f"'ledger.sqlite' {PATH_OR_URL}"),
        ("/a\nb", f"'/a\\nb' {PATH_OR_URL}"),
        ("", f"'' {PATH_OR_URL}"),
        ("mysql://ledger:secret@db.example.com/ledger", f"this value {PATH_OR_URL}"),
        ("postgres://ledger:secret@db.example.com/ledger", f"this value {PATH_OR_URL}"),
        ("postgresql://ledger:sec@ret@db.example.com/ledger", f"this value {NO_SUCH_URL}"),
        ("postgresql://ledger:secret#@db.example.com/ledger", f"this value {NO_SUCH_URL}"),
        ("postgresql://ledger:secret/@db.example.com/ledger", f"this value {NO_SUCH_URL}"),
        ("postgresql://ledger:secret%@db.example.com/ledger", f"this value {NO_SUCH_URL}"),
        ("postgresql://ledger:secret%00@db.example.com/ledger", f"this value {NO_SUCH_URL}"),
        ("postgresql://ledger:secret@db.example.com:x/ledger", f"this value {NO_SUCH_URL}"),
        ("postgresql://ledger:secret@db.example.com/", f"this value {NO_SUCH_URL}"),
        ("postgresql://ledger:secret@db.example.com/ledger\n", f"this value {NO_SUCH_URL}"),
        (
            ["postgresql://ledger:secret@db.example.com/ledger"],
            "this value is no text; put it in quotes if it is meant as one",
        ),
    ],
)
def test_where_none_may_be(place: object, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(MINIMAL | {"ledger": place})
    assert error.value.problems == (f"ledger: {problem}",)


def test_the_password_of_a_ledger_is_shown_nowhere(tmp_path: Path) -> None:
    place = "postgresql://ledger:secret@db.example.com/ledger"
    assert "secret" not in repr(parse(MINIMAL | {"ledger": place}))
    path = tmp_path / "milter.yml"
    path.write_text(f"ledger: '{place}\nhostname: mx.example.com\n")
    with pytest.raises(ConfigError, match="not valid YAML") as error:
        load(path)
    assert "secret" not in str(error.value)
