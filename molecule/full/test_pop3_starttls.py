"""POP3 on port 110, where it is wanted: nothing but STLS before a password."""

import poplib

from inside import NETWORK_SECONDS
from probe import Server, tls


def test_port_110_asks_for_tls_first(server: Server) -> None:
    mailbox = server.mailbox()
    with server.wire("pop3") as wire:
        capabilities = wire.all_lines("CAPA")
        assert "STLS" in capabilities
        assert not [line for line in capabilities if line.startswith(("USER", "SASL PLAIN"))]
        assert wire.say(f"USER {mailbox.login}").startswith("-ERR [AUTH]")
        assert wire.say(f"PASS {mailbox.password}").startswith("-ERR")
        assert wire.say(f"AUTH PLAIN {mailbox.auth_plain}").startswith("-ERR")
        wire.start_tls("STLS")
        assert "USER" in wire.all_lines("CAPA")
        assert wire.say(f"USER {mailbox.login}").startswith("+OK")
        assert wire.say(f"PASS {mailbox.password}").startswith("+OK")
        assert wire.say("STAT").startswith("+OK")


def test_the_certificate_is_the_same_there(server: Server) -> None:
    client = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=NETWORK_SECONDS)
    try:
        client.stls(tls(server.hostname, server.ca))
        client.user(server.mailbox().login)
        client.pass_(server.mailbox().password)
        client.quit()
    finally:
        client.close()
