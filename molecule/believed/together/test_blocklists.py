"""Who is on a blocklist brings no mail; a list that answers nobody keeps nobody out."""

import pytest
from destination import Destination
from messages import letter, token
from posting import Outsider
from probe import Server

REFUSAL = "554 5.7.1 "
SUBMIT = """
import smtplib, ssl, sys
host, login, password = sys.argv[1:]
context = ssl._create_unverified_context()
with smtplib.SMTP_SSL(host, 465, timeout=60, context=context) as client:
    client.login(login, password)
    client.sendmail(login, [login], f"From: {login}\\nTo: {login}\\nSubject: hello\\n\\nHello!\\n")
"""
SENDER = "friend@unknown.test"


@pytest.fixture
def listed(far: Destination) -> Outsider:
    """Somebody whose address is on the first list; the second one answers for all the same."""
    return Outsider(far.host)


def test_who_is_listed_is_refused(server: Server, listed: Outsider) -> None:
    word = token()
    answer = listed.post(server, letter(word, sender=SENDER), sender=SENDER)
    assert answer.startswith(REFUSAL), answer
    assert answer.endswith("Client host [198.18.10.25] is on a blocklist; Listed for the tests")
    assert server.copies(None, word) == []


def test_a_list_that_answers_nobody_refuses_nobody(server: Server, outsider: Outsider) -> None:
    word = token()
    assert outsider.post(server, letter(word, sender=SENDER), sender=SENDER) == "250"
    server.wait_for_message(None, word)


@pytest.mark.parametrize("local", ["postmaster", "abuse", "Postmaster"])
def test_some_can_always_be_reached(server: Server, listed: Outsider, local: str) -> None:
    word = token()
    to = f"{local}@{server.mailbox().domains[0]}"
    assert listed.post(server, letter(word, sender=SENDER), sender=SENDER, to=to) == "250"
    server.wait_for_message(None, word)


@pytest.mark.parametrize("local", ["postmaster.shop", "my-abuse"])
def test_others_cannot(server: Server, listed: Outsider, local: str) -> None:
    to = f"{local}@{server.mailbox().domains[0]}"
    answer = listed.post(server, letter(token(), sender=SENDER), sender=SENDER, to=to)
    assert answer.startswith(REFUSAL), answer


def test_who_logs_in_may_be_listed(server: Server, far: Destination) -> None:
    """Lists have the addresses of people at home."""
    box = server.mailbox()
    far.host.python(SUBMIT, str(server.variables["_ip"]), box.login, box.password)
