"""What one host learns, all know; and while the database is away, mail waits."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from deploying import Scenario
from inside import Host
from leaving import arrived, left, sender_of, somebody
from probe import Server
from remembering import LOGIN, alias, answer, code_of, command, incoming, said_of, submit


def test_an_answer_by_another_host_keeps_the_alias(server: Server, other: Server) -> None:
    message, friend = incoming(shop := alias()), somebody()
    server.send(message)
    submit(other, answer(message), friend)
    assert sender_of(left(other, friend)) == shop


def test_a_command_on_one_host_counts_on_all(server: Server, other: Server) -> None:
    shop = alias()
    command(server, "block", shop)
    for each in (server, other):
        assert said_of(each, shop).startswith("550 5.1.1")
    command(other, "unblock", shop)
    for each in (server, other):
        assert said_of(each, shop).startswith("250")


def test_the_password_of_the_database_is_shown_to_nobody(
    server: Server, scenario: Scenario
) -> None:
    password = str(server.setting("ledger")).partition("@")[0].rpartition(":")[2]
    run = scenario.deploy({"mailpopbox_ledger_days": 300}, None, "--check", "--diff", "-vvv")
    assert run.rc == 0, run.output
    assert password not in run.output
    assert password not in server.run("sh", "-c", "cat /proc/[0-9]*/cmdline").stdout
    assert password not in server.run("journalctl", "--output=cat").stdout
    done = server.run("runuser", "-u", "nobody", "cat", "/etc/mailpopbox/milter.yml", check=False)
    assert done.returncode != 0
    with_password = f"postgresql://ledger:{password}@127.0.0.1:1/ledger"
    server.write("/run/wrong.yml", server.run("cat", "/etc/mailpopbox/milter.yml").stdout.replace(
        "@database.example.net/", "@127.0.0.1:1/"))  # fmt: skip
    said = command(server, "addresses", "--config", "/run/wrong.yml", code=1)
    assert "postgresql://127.0.0.1:1/ledger" in said
    assert with_password not in said
    assert password not in said


@contextmanager
def shut_out(server: Server, database: Host) -> Iterator[None]:
    """Let the database hang up on one host, and not answer it any more."""
    rule = f"host all all {server.variables['_ip']}/32 reject"
    access = "/etc/postgresql/17/main/pg_hba.conf"
    sessions = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr = "

    def psql(sql: str) -> None:
        database.run("runuser", "-u", "postgres", "--", "psql", "-qc", sql)

    database.run("sed", "-i", f"1i{rule}", access)
    try:
        psql("SELECT pg_reload_conf()")
        psql(f"{sessions}'{server.variables['_ip']}'")
        yield
    finally:
        database.run("sed", "-i", f"\\|^{rule}$|d", access)
        psql("SELECT pg_reload_conf()")


def test_while_the_database_is_away_mail_waits(server: Server, database: Host) -> None:
    known, friend = incoming(alias()), somebody()
    server.send(known)
    reply, new = answer(known), incoming(alias())
    with server.provoking("error=LedgerError", "milter"), shut_out(server, database):
        with pytest.raises(smtplib.SMTPException) as out:
            submit(server, reply, friend)
        with pytest.raises(smtplib.SMTPException) as into:
            server.send(new)
    assert 400 <= code_of(out.value) < 500
    assert 400 <= code_of(into.value) < 500
    assert arrived(server, friend) == []
    server.send(new)
    submit(server, reply, friend)
    assert sender_of(left(server, friend)) == known["To"]
    assert LOGIN not in left(server, friend).decode()
