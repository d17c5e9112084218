"""Port 25 keeps strangers waiting, and turns away those that do not wait."""

from probe import Server

# Called from the host's own address on the network, which no test has used: its own network is
# trusted by postscreen.
TALK = """
import socket, sys
early, address = sys.argv[1] == "early", sys.argv[2]
sock = socket.create_connection((address, 25), timeout=30, source_address=(address, 0))
lines = sock.makefile("rw", newline="\\r\\n")
said = ["EHLO client.example.org", "MAIL FROM:<friend@example.org>", "RCPT TO:<any@example.com>"]
if early:
    print(said[0], file=lines, flush=True)
print(lines.readline().strip())
for number, line in enumerate(said):
    if number or not early:
        print(line, file=lines, flush=True)
    while (answer := lines.readline())[3:4] == "-":
        pass
    print(answer.strip())
"""


def talk(server: Server, when: str) -> list[str]:
    address = server.run("hostname", "-I").stdout.split()[0]
    return server.python(TALK, when, address).splitlines()


def test_early_talkers_get_no_further(server: Server) -> None:
    with server.provoking("PREGREET"):
        *_, answer = talk(server, "early")
    assert answer.startswith("550 5.5.1 Protocol error"), answer


def test_who_waits_is_let_through(server: Server) -> None:
    teaser, *_, answer = talk(server, "late")
    assert teaser.startswith("220")
    assert answer.startswith(("250", "450"))
