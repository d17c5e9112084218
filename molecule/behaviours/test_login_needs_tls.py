"""No password is ever asked for in clear text."""

from probe import Server

ASK = "EHLO client.example.org"


def test_port_25_never_offers_a_login(server: Server) -> None:
    with server.wire("smtp") as wire:
        assert "AUTH" not in wire.say(ASK)
        assert wire.say(f"AUTH PLAIN {server.mailbox().auth_plain}").startswith("503")
        wire.start_tls()
        assert "AUTH" not in wire.say(ASK)
        assert wire.say(f"AUTH PLAIN {server.mailbox().auth_plain}").startswith("503")


def test_port_587_offers_it_after_starttls(server: Server) -> None:
    with server.wire("submission") as wire:
        assert "AUTH" not in wire.say(ASK)
        assert wire.say(f"AUTH PLAIN {server.mailbox().auth_plain}").startswith("530 5.7.0")
        assert wire.say("MAIL FROM:<>").startswith("530 5.7.0")
        wire.start_tls()
        assert "AUTH PLAIN LOGIN" in wire.say(ASK)
        assert wire.say(f"AUTH PLAIN {server.mailbox().auth_plain}").startswith("235")


def test_port_465_offers_it_at_once(server: Server) -> None:
    with server.wire("submissions") as wire:
        assert "AUTH PLAIN LOGIN" in wire.say(ASK)
        assert wire.say(f"AUTH PLAIN {server.mailbox().auth_plain}").startswith("235")


def test_ports_with_tls_from_the_start_say_nothing_without(server: Server) -> None:
    """A client that does not speak TLS is hung up on, and never greeted."""
    program = (
        "import socket\n"
        "for port in (465, 995):\n"
        "    sock = socket.create_connection(('127.0.0.1', port), timeout=10)\n"
        "    sock.sendall(b'USER me\\r\\n')\n"
        "    try:\n"
        "        print(sock.recv(1000))\n"
        "    except ConnectionResetError:\n"
        "        print('hung up')\n"
    )
    with server.provoking("TLS library problem"):
        answers = server.python(program).splitlines()
    # At the most an alert of TLS, which begins with its number, 21.
    assert all(answer == "hung up" or answer.startswith(("b''", r"b'\x15")) for answer in answers)
    assert len(answers) == 2
