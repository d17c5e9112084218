"""Configurations that are taken, and what is said about the others."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.config import Config, ConfigError, Mailbox, Watched, load, parse

MINIMAL: dict[str, Any] = {
    "socket": "/run/mailpopbox/milter.sock",
    "hostname": "mx.example.com",
    "mailboxes": [{"login": "mailbox@example.com", "domains": ["example.com"]}],
}


def problems_of(document: object) -> tuple[str, ...]:
    try:
        parse(document)
    except ConfigError as error:
        return error.problems
    return ()


def mailbox(**changes: object) -> dict[str, Any]:
    return MINIMAL | {"mailboxes": [MINIMAL["mailboxes"][0] | changes]}


def test_minimal() -> None:
    assert parse(MINIMAL) == Config(
        socket="/run/mailpopbox/milter.sock",
        hostname="mx.example.com",
        mailboxes=(Mailbox("mailbox@example.com", ("example.com",), ()),),
        log_level="info",
    )


def test_names_are_kept_in_lower_case() -> None:
    config = parse(
        {
            "socket": "/run/Milter.sock",
            "hostname": "MX.Example.COM",
            "log_level": "debug",
            "mailboxes": [
                {
                    "login": "Mailbox@Example.com",
                    "addresses": ["Alice@Example.net", "shop-*@a.test"],
                }
            ],
        }
    )
    assert config == Config(
        socket="/run/Milter.sock",
        hostname="mx.example.com",
        mailboxes=(Mailbox("mailbox@example.com", (), ("alice@example.net", "shop-*@a.test")),),
        log_level="debug",
    )


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (None, "None is no mapping; write keys and values, like “socket: …”"),
        (MINIMAL | {"log_levle": 1}, 'log_levle: unknown key; did you mean "log_level"?'),
        (
            MINIMAL | {"quux": 1},
            (
                "quux: unknown key; known are socket, hostname, mailboxes, log_level, display_name,"
                " bare_login, auto_sendas, ledger, ledger_days, dkim_algorithms, doctor, admin"
            ),
        ),
        (
            MINIMAL | {7: 1},
            (
                "7: unknown key; known are socket, hostname, mailboxes, log_level, display_name,"
                " bare_login, auto_sendas, ledger, ledger_days, dkim_algorithms, doctor, admin"
            ),
        ),
        (
            MINIMAL | {"socket": "milter.sock"},
            "socket: 'milter.sock' is no absolute path; write one that begins with /",
        ),
        (
            MINIMAL | {"socket": "/a\nb"},
            "socket: '/a\\nb' is no absolute path; write one that begins with /",
        ),
        (
            MINIMAL | {"hostname": "mx"},
            (
                "hostname: 'mx' is no domain name; write one like mx.example.com "
                "(xn--… for letters outside ASCII)"
            ),
        ),
        (
            MINIMAL | {"hostname": 12},
            "hostname: 12 is no text; put it in quotes if it is meant as one",
        ),
        (
            MINIMAL | {"log_level": "loud"},
            "log_level: 'loud' is none of debug, info, warning, error",
        ),
        (
            MINIMAL | {"log_level": None},
            "log_level: None is no text; put it in quotes if it is meant as one",
        ),
        (MINIMAL | {"display_name": "kepp"}, "display_name: 'kepp' is none of keep, drop"),
        (MINIMAL | {"bare_login": "no"}, "bare_login: 'no' is none of allow, refuse"),
        (MINIMAL | {"auto_sendas": "yes"}, "auto_sendas: 'yes' is neither true nor false"),
        (MINIMAL | {"auto_sendas": 1}, "auto_sendas: 1 is neither true nor false"),
        (
            MINIMAL | {"dkim_algorithms": ["rsa", "dsa"]},
            "dkim_algorithms[2]: 'dsa' is none of rsa, ed25519",
        ),
        (MINIMAL | {"ledger_days": 0}, "ledger_days: 0 is no whole number from 1 up"),
        (MINIMAL | {"ledger_days": True}, "ledger_days: True is no whole number from 1 up"),
        (MINIMAL | {"ledger_days": "400"}, "ledger_days: '400' is no whole number from 1 up"),
        (
            MINIMAL | {"admin": "root@example.com"},
            "admin: 'root@example.com' is no login; write that of a mailbox",
        ),
        (
            MINIMAL | {"admin": "root"},
            "admin: 'root' is no address; write one like mailbox@example.com",
        ),
        (mailbox(aliases="closed"), "mailboxes[1].aliases: 'closed' is none of open, signed"),
        (
            mailbox(blocked=["junk"]),
            "mailboxes[1].blocked[1]: 'junk' is no address; write one like mailbox@example.com",
        ),
        (
            MINIMAL | {"mailboxes": []},
            "mailboxes: [] is no list with entries; write a line “- …” for each",
        ),
        (
            MINIMAL | {"mailboxes": {"login": "a@example.com"}},
            (
                "mailboxes: {'login': 'a@example.com'} is no list with entries; "
                "write a line “- …” for each"
            ),
        ),
        (
            MINIMAL | {"mailboxes": ["a@example.com"]},
            "mailboxes[1]: 'a@example.com' is no mapping; write keys and values, like “login: …”",
        ),
        (
            mailbox(login="mailbox"),
            "mailboxes[1].login: 'mailbox' is no address; write one like mailbox@example.com",
        ),
        (
            mailbox(domains=["-"]),
            (
                "mailboxes[1].domains[1]: '-' is no domain name; write one like mx.example.com "
                "(xn--… for letters outside ASCII)"
            ),
        ),
        (
            mailbox(addresses="a@example.com"),
            (
                "mailboxes[1].addresses: 'a@example.com' is no list with entries; "
                "write a line “- …” for each"
            ),
        ),
        (
            mailbox(addresses=["a b@example.com"]),
            (
                "mailboxes[1].addresses[1]: 'a b@example.com' is no address; "
                "write one like mailbox@example.com"
            ),
        ),
        (
            MINIMAL | {"mailboxes": [{"login": "a@example.com"}]},
            'mailboxes[1].domains: missing; add it, for instance "domains: [example.com]"',
        ),
        (
            mailbox(domains=["example.com", "EXAMPLE.com"]),
            "mailboxes: the domain 'example.com' stands there twice; leave it in one place",
        ),
        (
            mailbox(addresses=["a@example.com", "A@example.com"]),
            "mailboxes: the address 'a@example.com' stands there twice; leave it in one place",
        ),
        (
            MINIMAL
            | {
                "mailboxes": [
                    {"login": "a@example.com", "domains": ["example.com"]},
                    {"login": "A@example.com", "domains": ["example.net"]},
                ]
            },
            "mailboxes: the login 'a@example.com' stands there twice; leave it in one place",
        ),
    ],
)
def test_what_is_refused(document: object, problem: str) -> None:
    assert problems_of(document) == (problem,)


def test_every_knob() -> None:
    knobs = {"display_name": "drop", "bare_login": "refuse", "auto_sendas": False}
    config = parse(MINIMAL | knobs)
    assert (config.display_name, config.bare_login, config.auto_sendas) == ("drop", "refuse", False)
    config = parse(MINIMAL)
    assert (config.display_name, config.bare_login, config.auto_sendas) == ("keep", "allow", True)


def test_who_is_let_in() -> None:
    [box] = parse(mailbox(blocked=["Junk-*@example.com"], aliases="signed")).mailboxes
    assert (box.blocked, box.aliases) == (("junk-*@example.com",), "signed")
    [box] = parse(MINIMAL).mailboxes
    assert (box.blocked, box.aliases) == ((), "open")


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("a@example.com", "a@example.com"),
        ("A@Example.COM", "a@example.com"),
        ("own@example.com", "a@example.com"),
        ("anything@example.net", "b@example.org"),
        ("anything@example.com", "b@example.org"),
        ("shop-1@example.com", "a@example.com"),
        ("shop-9@example.com", "b@example.org"),
        ("b@example.org", "b@example.org"),
        ("other@example.org", None),
        # The catch-all's, whatever a pattern says; without one, of the first with an address there.
        ("pOSTmaster@example.com", "b@example.org"),
        ("poster@example.com", "a@example.com"),
        ("abuse@example.test", "b@example.org"),
        ("postmaster@example.test", "a@example.com"),
        ("abuse@example.org", None),
        ("abuse@test", None),
        ("postmaster", None),
        ("a@sub.example.com", None),
        ("a@example.com.", None),
        ("example.com", None),
        ("", None),
    ],
)
def test_whose_an_address_is(address: str, owner: str | None) -> None:
    config = parse(
        MINIMAL
        | {
            "mailboxes": [
                {"login": "B@example.org", "domains": ["Example.com", "example.net"],
                 "addresses": ["shop-9@example.com", "y@example.test"]},
                {"login": "a@example.com",
                 "addresses": ["Own@example.com", "Shop-*@example.com", "post*@example.com",
                               "postmaster@example.test"]},
            ]
        }
    )  # fmt: skip
    assert config.owner_of(address) == owner


ADMIN = {"login": "b@example.org", "domains": ["example.org"]}


@pytest.mark.parametrize(
    ("address", "receiver"),
    [
        ("root@mx.example.com", "b@example.org"),
        ("Postmaster@MX.Example.com", "b@example.org"),
        ("mailer-daemon@localhost", "b@example.org"),
        ("postmaster", "b@example.org"),
        ("shop@mx.example.com", None),
        ("root@mx.example.net", None),
        ("root@example.com", "mailbox@example.com"),
        ("x@example.org", "b@example.org"),
        ("shop", None),
        ("", None),
    ],
)
def test_who_gets_the_mail_for_an_address(address: str, receiver: str | None) -> None:
    document = MINIMAL | {"mailboxes": [*MINIMAL["mailboxes"], ADMIN], "admin": "B@example.org"}
    assert parse(document).receiver_of(address) == receiver


def test_a_name_of_the_host_may_be_the_domain_of_a_mailbox() -> None:
    """As in Postfix, what is written to the host goes to the administrator all the same."""
    document = MINIMAL | {"mailboxes": [*MINIMAL["mailboxes"], ADMIN], "hostname": "example.com"}
    config = parse(document | {"admin": "b@example.org"})
    assert config.receiver_of("root@example.com") == "b@example.org"
    assert config.owner_of("root@example.com") == "mailbox@example.com"
    assert parse(document).receiver_of("root@example.com") == "mailbox@example.com"


def test_a_socket_path_fits_the_kernels_limit() -> None:
    longest = "/" + "x" * 106
    assert parse(MINIMAL | {"socket": longest}).socket == longest
    [problem] = problems_of(MINIMAL | {"socket": longest + "x"})
    assert problem.endswith("is too long; a socket's path has 107 bytes at most")


def test_all_problems_are_told_at_once() -> None:
    document = {"hostname": "mx", "mailbox": [], "mailboxes": [{"domains": ["", ""]}]}
    told = problems_of(document)
    assert [problem.split(":")[0] for problem in told] == [
        "mailbox",
        "socket",
        "hostname",
        "mailboxes[1].login",
        "mailboxes[1].domains[1]",
        "mailboxes[1].domains[2]",
    ]


yamlish = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from([*MINIMAL, "log_level", "login", "domains", "addresses"])
            | st.text()
            | st.integers()
            | st.none(),
            inner,
        )
    ),
)


@given(yamlish)
def test_nothing_but_config_error_is_raised(document: object) -> None:
    assert all(len(problem.splitlines()) == 1 for problem in problems_of(document))


@given(key=st.sampled_from(["log_level", *MINIMAL]), value=yamlish)
def test_nor_for_a_file_that_is_nearly_right(key: str, value: object) -> None:
    assert all(key in problem for problem in problems_of(MINIMAL | {key: value}))


def test_load(tmp_path: Path) -> None:
    path = tmp_path / "milter.yml"
    path.write_text(
        "socket: /run/milter.sock\n"
        "hostname: mx.example.com\n"
        "mailboxes:\n"
        "  - login: mailbox@example.com\n"
        "    domains: [example.com]\n"
    )
    assert load(path).socket == "/run/milter.sock"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: [1", "not valid YAML: while parsing a flow sequence"),
        (b"\xff\xfe\xff", "not valid YAML: "),
        (b"since: 2024-99-99", "not valid YAML: month must be in 1..12"),
        (b"", "None is no mapping"),
    ],
)
def test_load_names_the_file(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "milter.yml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {problem}")
    assert len(str(caught.value).splitlines()) == 1


def test_load_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yml: cannot be read: No such file"):
        load(tmp_path / "none.yml")


GOOD = yaml.safe_dump(MINIMAL)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "milter.yml"
    path.write_text(GOOD)
    return path


def replaced(path: Path, text: str) -> None:
    """Give a file another content, as Ansible does."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_a_change_takes_effect(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mailpopbox")
    watched = Watched(file)
    first = watched.current()
    assert watched.current() is first
    assert caplog.messages == []
    replaced(file, GOOD + "bare_login: refuse\n")
    assert watched.current().bare_login == "refuse"
    assert watched.current() is watched.current()
    assert caplog.messages == [f"{file}: read again"]


@pytest.mark.parametrize("damage", ["log_level: loud\n", "]", None])
def test_a_bad_change_leaves_the_last_good_one(
    file: Path, caplog: pytest.LogCaptureFixture, damage: str | None
) -> None:
    watched = Watched(file)
    good = watched.current()
    if damage is None:
        file.unlink()
    else:
        replaced(file, GOOD + damage)
    assert watched.current() is watched.current() is good
    [said] = caplog.messages
    assert said.startswith(f"{file}: ")
    assert said.endswith("; the configuration before it stays in force")
    replaced(file, GOOD.replace("mx.", "mx2."))
    assert watched.current().hostname == "mx2.example.com"


def test_nobody_gets_the_old_one_while_another_reads_the_new(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(file)
    reading, go_on = Event(), Event()

    def load_slowly(path: Path) -> Config:
        reading.set()
        assert go_on.wait(timeout=5)
        return load(path)

    monkeypatch.setattr("mailpopbox.config.load", load_slowly)
    replaced(file, GOOD + "bare_login: refuse\n")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(watched.current)
        assert reading.wait(timeout=5)
        second = pool.submit(watched.current)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.1)
        go_on.set()
        assert first.result(timeout=5).bare_login == "refuse"
        assert second.result(timeout=5).bare_login == "refuse"


def test_a_change_while_it_begins_is_noticed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_and_change(path: Path) -> Config:
        config = load(path)
        replaced(path, GOOD + "bare_login: refuse\n")
        return config

    with monkeypatch.context() as patch:
        patch.setattr("mailpopbox.config.load", load_and_change)
        watched = Watched(file)
    assert watched.current().bare_login == "refuse"


def test_watching_begins_with_a_good_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Watched(tmp_path / "none.yml")
