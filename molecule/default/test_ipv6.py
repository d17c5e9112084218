"""IPv6 works as well as IPv4."""

import pytest
from messages import token
from probe import Server

SEND = """
import smtplib, ssl, sys
port, word, login, password = sys.argv[1:]
context = ssl._create_unverified_context()
if port == "465":
    client = smtplib.SMTP_SSL("::1", 465, timeout=20, context=context)
else:
    client = smtplib.SMTP("::1", int(port), timeout=20)
if port == "587":
    client.starttls(context=context)
if port != "25":
    client.login(login, password)
client.sendmail(login, [login], f"Subject: {word}\\r\\n\\r\\nHello\\r\\n")
"""
FETCH = """
import poplib, ssl, sys
login, password = sys.argv[1:]
client = poplib.POP3_SSL("::1", 995, timeout=20, context=ssl._create_unverified_context())
client.user(login)
client.pass_(password)
print(client.stat())
client.quit()
"""


@pytest.mark.parametrize("port", ["25", "465", "587"])
def test_mail_comes_in(server: Server, port: str) -> None:
    mailbox, word = server.mailbox(), token()
    server.python(SEND, port, word, mailbox.login, mailbox.password)
    server.wait_for_message(mailbox.login, word)


def test_mail_is_fetched(server: Server) -> None:
    mailbox = server.mailbox()
    assert server.python(FETCH, mailbox.login, mailbox.password).startswith("(")
