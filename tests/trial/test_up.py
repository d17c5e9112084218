"""The parts of `make try` that need no container."""

import socket

import pytest
import up

TRIAL = {
    "mailpopbox_capture_outbound": "outside@elsewhere.test",
    "mailpopbox_mailboxes": [
        {"login": "mailbox@example.com", "domains": ["example.com"]},
        {"login": "outside@elsewhere.test", "domains": ["elsewhere.test"]},
    ],
}
OUTSIDE = TRIAL["mailpopbox_mailboxes"][-1]
ME = {"login": "me@example.org", "domains": ["example.org"]}

FAILED = """
TASK [postfix : Write its configuration] ****
[ERROR]: Task failed: Module failed: failed to validate
failed: [mailpopbox-try] (item=main.cf) =>
    changed: false
    item: main.cf
    msg: failed to validate
    stderr: |-
        Postfix does not accept it:

        unused parameter: nosuch
    stderr_lines: <omitted>
ok: [mailpopbox-try] => (item=master.cf)

PLAY RECAP ****
mailpopbox-try : ok=3    changed=1    unreachable=0    failed=1    skipped=1
"""


def test_a_taken_port_gives_way_to_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert up.free_port(port) > port


def test_a_free_port_is_taken_as_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert up.free_port(port) == port


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ([], {}),
        (["mailpopbox_queue_days=3"], {"mailpopbox_queue_days": "3"}),
        (
            ["mailpopbox_queue_days=3 mailpopbox_ipv6=no"],
            {"mailpopbox_queue_days": "3", "mailpopbox_ipv6": "no"},
        ),
        (
            ['{"mailpopbox_mailboxes": [{"login": "it\'s"}]}'],
            {"mailpopbox_mailboxes": [{"login": "it's"}]},
        ),
        (["mailpopbox_queue_days=3", "{mailpopbox_queue_days: 4}"], {"mailpopbox_queue_days": 4}),
    ],
)
def test_settings_are_read_as_ansible_reads_them(given: list[str], read: up.Settings) -> None:
    assert up.read_settings(given) == read


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("mailpopbox_queue_days", "mailpopbox_queue_days"),
        ("ansible_connection=local", "ansible_connection"),
        ("{mailpopbox_queue_days", "cannot read"),
    ],
)
def test_what_is_no_setting_is_refused_by_name(given: str, named: str) -> None:
    with pytest.raises(up.TrialError, match=named):
        up.read_settings([given])


@pytest.mark.parametrize(
    ("given", "mailboxes"),
    [
        ([ME], [ME, OUTSIDE]),
        ([ME, OUTSIDE], [ME, OUTSIDE]),
        ([], [OUTSIDE]),
        ("not a list", "not a list"),
    ],
)
def test_other_mailboxes_leave_the_outside_one_in_place(given: object, mailboxes: object) -> None:
    settings = up.keep_inside({"mailpopbox_mailboxes": given}, TRIAL)
    assert settings == {"mailpopbox_mailboxes": mailboxes}


def test_another_mailbox_may_get_what_is_sent() -> None:
    settings = {"mailpopbox_mailboxes": [ME], "mailpopbox_capture_outbound": ME["login"]}
    assert up.keep_inside(settings, TRIAL) == settings


def test_nothing_can_be_set_so_that_mail_leaves() -> None:
    with pytest.raises(up.TrialError, match="mailpopbox_capture_outbound"):
        up.keep_inside({"mailpopbox_capture_outbound": ""}, TRIAL)


def test_a_failure_is_told_in_the_words_of_its_task() -> None:
    assert up.failure(FAILED) == (
        "failed to validate\nPostfix does not accept it:\n\nunused parameter: nosuch"
    )


def test_a_failure_without_words_is_told_by_the_end_of_the_output() -> None:
    assert up.failure("ERROR! no such playbook\n") == "ERROR! no such playbook"
