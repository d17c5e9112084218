"""Passwords stay with those whom they concern."""

import stat

import pytest
from deploying import Scenario
from probe import Server


def test_the_host_keeps_hashes_only(server: Server) -> None:
    about, *lines = server.run(
        "sh", "-c", "stat -c '%a %U:%G' /etc/dovecot/users && cat /etc/dovecot/users"
    ).stdout.splitlines()
    assert about == "640 root:dovecot"
    entries = dict(line.split(":", 1) for line in lines)
    assert sorted(entries) == sorted(mailbox.login for mailbox in server.mailboxes)
    assert all(entry.startswith("{BLF-CRYPT}$2y$10$") for entry in entries.values())


@pytest.mark.parametrize(
    "search",
    [
        "grep -rlF --file=- /etc",
        "cat >/run/words && journalctl --output=cat | grep -F --file=/run/words",
    ],
    ids=["etc", "journal"],
)
def test_no_password_is_written_down(server: Server, search: str) -> None:
    passwords = "".join(f"{mailbox.password}\n" for mailbox in server.mailboxes)
    found = server.run("sh", "-c", search, stdin=passwords, check=False)
    assert (found.returncode, found.stdout) == (1, "")


def test_made_passwords_are_kept_by_their_owner_alone(scenario: Scenario) -> None:
    """And are good ones."""
    (server, *_) = scenario.servers
    assert stat.S_IMODE(server.secrets.stat().st_mode) == 0o700
    given = {
        entry["login"] for entry in server.variables["mailpopbox_mailboxes"] if "password" in entry
    }
    made = [mailbox for mailbox in server.mailboxes if mailbox.login not in given]
    assert made
    for mailbox in made:
        (file,) = server.secrets.glob(f"{mailbox.login}*")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(mailbox.password) >= 20


def test_the_owner_of_all_mail_cannot_log_in(server: Server) -> None:
    _, locked, uid, gid, _, home, shell = (
        server.run("getent", "passwd", "vmail").stdout.strip().split(":")
    )
    assert (uid, gid) == (str(server.setting("vmail_uid")),) * 2
    assert (locked, home, shell) == ("x", "/var/vmail", "/usr/sbin/nologin")
    assert server.run("getent", "shadow", "vmail").stdout.split(":")[1].startswith(("!", "*"))
    assert server.run("stat", "-c", "%a %U:%G", "/var/vmail").stdout == "700 vmail:vmail\n"
