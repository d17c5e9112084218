"""The commands on a real server: what they show is what happened."""

import json
import re
from collections.abc import Iterator

import pytest
from inside import wait_until
from leaving import somebody
from messages import letter, token
from probe import Server
from remembering import LOGIN, alias, answer, command, incoming, rows, submit

SOCKET = "/run/mailpopbox-journal.sock"


def told(server: Server, *argv: str, code: int = 0) -> dict[str, object]:
    """Run a command, and return what it says as JSON."""
    done = server.run("mailpopbox", *argv, "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    answered: dict[str, object] = json.loads(done.stdout)
    return answered


def test_what_came_and_went_is_counted(server: Server) -> None:
    shop, friend = alias(), somebody()
    message = incoming(shop)
    server.send(message)
    server.send(letter("x", sender="a@casino.test", to=shop))
    submit(server, answer(message), friend)
    found = told(server, "show", shop)
    assert (found["address"], found["state"]) == (shop, "open")
    assert (found["received"], found["sent"]) == (2, 1)
    leaked = command(server, "addresses", "--leaked")
    assert shop in leaked
    assert "casino.test" in leaked


def test_the_table_fits_a_narrow_terminal(server: Server) -> None:
    server.send(incoming(alias()))
    done = server.run("script", "-qec", "stty cols 80; mailpopbox addresses", "/dev/null")
    assert max(len(line) for line in plain(done.stdout).splitlines()) <= 80


def plain(text: str) -> str:
    """Take colours out of what a terminal shows."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r", "")


def test_status_says_that_all_is_well(server: Server) -> None:
    server.send(incoming(alias()))
    wait_until("empty queue", lambda: not server.queue())
    assert "postfix" in command(server, "status")
    assert told(server, "status")["well"]


def test_status_names_what_is_wrong(server: Server) -> None:
    with server.provoking("Killed with signal 15", "anvil-auth-penalty", "Shutting down logging"):
        server.run("systemctl", "stop", "dovecot")
        try:
            assert "dovecot" in command(server, "status", code=1)
        finally:
            server.run("systemctl", "start", "dovecot")


def test_tail_shows_a_message_and_none_of_its_words(server: Server) -> None:
    shop, word = alias(), token()
    server.send(incoming(shop, subject=word))
    server.wait_for_message(LOGIN, word)
    done = server.run("timeout", "5", "mailpopbox", "tail", "--since=-1h", check=False)
    assert f"{shop}" in done.stdout
    assert word not in done.stdout


def test_a_ledger_goes_out_and_comes_in_unchanged(server: Server) -> None:
    server.send(incoming(alias()))
    before = sorted(command(server, "export").splitlines())
    server.run("sh", "-c", "mailpopbox export >/run/ledger.jsonl")
    command(server, "import", "/run/ledger.jsonl")
    assert sorted(command(server, "export").splitlines()) == before


@pytest.fixture
def member(server: Server) -> Iterator[str]:
    """Somebody who is in the group and not root."""
    server.run("useradd", "--groups", "mailpopbox", "member")
    yield "member"
    server.run("userdel", "member")


def test_a_member_of_the_group_may_and_others_may_not(server: Server, member: str) -> None:
    shop = alias()
    become = ("runuser", "-u", member, "--")
    server.run(*become, "mailpopbox", "block", shop)
    assert told(server, "show", shop)["state"] == "blocked"
    done = server.run("runuser", "-u", "nobody", "--", "mailpopbox", "addresses", check=False)
    assert done.returncode == 1
    assert "mailpopbox" in done.stderr
    # What only root may see is no fault of the server.
    seen = json.loads(server.run(*become, "mailpopbox", "status", "--json").stdout)
    assert (seen["well"], seen["problems"]) == (True, [])
    assert seen["ledger"]["addresses"] > 0
    assert "unknown" in seen["mailboxes"][LOGIN]


def test_a_member_of_the_group_may_follow_the_mail_and_not_the_journal(
    server: Server, member: str
) -> None:
    shop = alias()
    server.send(incoming(shop))
    become = ("runuser", "-u", member, "--")
    # It would go on for ever.
    tail = ("timeout", "5", "mailpopbox", "tail", "--since=-1h")
    assert shop in server.run(*become, *tail, check=False).stdout
    # Whoever went away leaves nothing behind.
    running = ("systemctl", "list-units", "--quiet", "mailpopbox-journal@*")
    wait_until("end of its process", lambda: not server.run(*running).stdout)
    done = server.run(*become, "mailpopbox", "tail", "--since=soon", check=False)
    assert (done.returncode, done.stderr) == (1, "Failed to parse timestamp: soon\n")
    # The rest of the journal, and all of it for others, stay closed.
    assert shop not in server.run(*become, "journalctl", "--since=-1h", check=False).stdout
    done = server.run("runuser", "-u", "nobody", "--", "cat", SOCKET, check=False)
    assert "Permission denied" in done.stderr


def test_the_ledger_forgets_every_night(server: Server) -> None:
    message = incoming(shop := alias())
    server.send(message)
    [[number]] = rows(server, "SELECT id FROM address WHERE address = ?", shop)
    rows(server, "UPDATE recent SET day = day - 401 WHERE address = ?", str(number))
    assert server.run("systemctl", "is-active", "mailpopbox-tidy.timer").stdout == "active\n"
    server.run("systemctl", "start", "mailpopbox-tidy.service")
    assert rows(server, "SELECT day FROM known WHERE address = ?", str(number)) == []


def test_the_command_agrees_with_the_server_about_a_thread(server: Server) -> None:
    message = incoming(shop := alias())
    server.send(message)
    raw = answer(message).as_string()
    done = server.run("mailpopbox", "rewrite", "--login", LOGIN, "--explain", stdin=raw)
    assert f"From: {shop}" in done.stdout
    assert "rule 19" in done.stderr


def test_the_manual_and_the_completion_are_there(server: Server) -> None:
    page = "/usr/local/share/man/man8/mailpopbox.8"
    assert "unblock" in server.run("cat", page).stdout
    script = (
        "source /usr/share/bash-completion/completions/mailpopbox;"
        " COMP_WORDS=(mailpopbox unb); COMP_CWORD=1; COMP_LINE='mailpopbox unb'; COMP_POINT=14;"
        " _mailpopbox; echo ${COMPREPLY[@]}"
    )
    assert server.run("bash", "-c", script).stdout == "unblock\n"
