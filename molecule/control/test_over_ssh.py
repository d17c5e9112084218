"""A host that was deployed over SSH, by somebody whom sudo asks for a password, is a good one."""

from dataclasses import replace

import pytest
from deploying import Scenario
from inside import Host
from messages import letter, token
from probe import Server


@pytest.fixture
def remote(scenario: Scenario) -> Server:
    """Return that host, with the password that was made on its control node."""
    server = scenario.host(scenario.groups["remotes"][0], Server)
    control = scenario.host(server.variables["_control_node"], Host)
    (given,) = server.variables["mailpopbox_mailboxes"]
    made = control.run("cat", f"/opt/{server.name}/secrets/{given['login']}.txt").stdout.strip()
    mailboxes = [{**given, "password": made}]
    return replace(server, variables={**server.variables, "mailpopbox_mailboxes": mailboxes})


def test_sudo_asks_for_a_password(remote: Server) -> None:
    """Or the scenario would not show that it was handed over."""
    refused = remote.run(
        "runuser", "--user=admin", "--", "sudo", "--non-interactive", "true", check=False
    )
    assert "a password is required" in refused.stderr


def test_a_login_sends_and_fetches(remote: Server) -> None:
    mailbox = remote.mailbox()
    word = token()
    mail = letter(word, sender=f"me@{mailbox.domains[0]}", to=f"you@{mailbox.domains[0]}")
    remote.send(mail, service="submissions", login=mailbox.login)
    remote.wait_for_message(None, word)
