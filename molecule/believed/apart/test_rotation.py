"""New keys take over while mail leaves, and each message can be verified."""

import json
import threading

from destination import Destination
from inside import wait_until
from messages import letter, token
from posting import Outsider
from probe import Server
from publishing import Zones


def keys(server: Server) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(
        server.run("mailpopbox", "dkim", "list", "--json").stdout
    )["keys"]
    return found


def signing(server: Server) -> set[str]:
    return {row["selector"] for row in keys(server) if row["state"] == "signing"}


def test_a_rotation_under_load(
    server: Server, far: Destination, outsider: Outsider, zones: Zones
) -> None:
    box, word, ended = server.mailbox(), token(), threading.Event()
    sent: list[str] = []
    failures: list[OSError] = []

    def write() -> None:
        while not ended.is_set():
            subject = f"{word}.{len(sent)}"
            mail = letter(subject, sender=box.login, to="friend@plain.test")
            try:
                server.send(mail, service="submissions", login=box.login)
            except OSError as failure:
                failures.append(failure)
                return
            sent.append(subject)

    def wait_for_more() -> None:
        length = len(sent)
        while len(sent) < length + 20 and writer.is_alive():
            ended.wait(0.2)

    def selectors_of_all() -> set[str]:
        """Verify all that has left so far, and return by which keys it is signed."""
        number = len(sent)
        wait_until("all of them", lambda: len(far.copies(f"Subject: {word}.")) >= number)
        found: set[str] = set()
        for name in far.copies(f"Subject: {word}."):
            signatures = outsider.signatures(far.host.read(name))
            assert len(signatures) == 2
            assert all(each.right for each in signatures), signatures
            found |= {each.selector for each in signatures}
        return found

    before = signing(server)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert server.run("mailpopbox", "dkim", "rotate", check=False).returncode == 1
        # As long as nobody can know the new keys, none of them signs.
        wait_for_more()
        assert selectors_of_all() == before
        zones.publish(server)
        done = server.run("mailpopbox", "dkim", "rotate")
        assert done.stdout == "The new keys sign.\n"
        wait_for_more()
    finally:
        ended.set()
        writer.join()
    assert failures == []
    after = signing(server)
    assert not before & after
    assert selectors_of_all() == before | after
