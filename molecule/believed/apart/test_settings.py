"""What comes in is judged otherwise under other settings."""

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Protocol

import pytest
from deploying import Scenario
from inside import wait_until
from messages import letter, token
from posting import Outsider, wait_for_rspamd
from probe import Server

HOSTILE = "evil@hostile.test"


class Redeploy(Protocol):
    """Lets the playbook put other settings in force."""

    def __call__(self, server: Server, **settings: object) -> None: ...


@pytest.fixture(scope="module")
def redeploy(scenario: Scenario) -> Iterator[Redeploy]:
    """Put other settings in force, and what was there before when all is done."""

    def deploy(server: Server, **settings: object) -> None:
        playbook = "molecule/believed/rspamd.yml"
        assert scenario.deploy(settings, server.name, playbook=playbook).rc == 0
        wait_for_rspamd(server)

    yield deploy
    for server in scenario.servers:
        deploy(server)


@pytest.mark.parametrize(("policy", "marks"), [("relaxed", "Yes"), ("monitor", None)])
def test_others_refuse_nothing(
    server: Server, redeploy: Redeploy, outsider: Outsider, policy: str, marks: str | None
) -> None:
    redeploy(server, mailpopbox_dmarc=policy, mailpopbox_spam_mark=50, mailpopbox_spam_reject=60)

    def mark_of(raw: EmailMessage | bytes, word: str, said: str) -> str | None:
        assert outsider.post(server, raw, sender=HOSTILE) == "250"
        message = server.wait_for_message(None, word)
        assert said in str(message["Authentication-Results"])
        mark: str | None = message["X-Spam"]
        return mark

    for sender in ("ceo@bank.test", "ceo@careful.test"):
        word = token()
        assert mark_of(letter(word, sender=sender), word, "dmarc=fail") == marks
    word = token()
    nobody = letter(word, sender=HOSTILE)
    nobody.replace_header("From", "ceo")
    assert mark_of(nobody, word, "spf=pass") == marks
    word = token()
    mark_of(letter(word, sender="ceo@bank.test, evil@hostile.test"), word, "spf=pass")
    word = token()
    assert mark_of(outsider.from_a_list(word), word, "arc=pass") is None


def test_what_looks_somewhat_like_spam_waits_once(
    server: Server, redeploy: Redeploy, outsider: Outsider
) -> None:
    word = token()
    suspicious = letter(word, sender="ceo@loose.test")
    envelope = "evil@careful.test"  # fails SPF
    redeploy(server, mailpopbox_spam_greylist=2)
    server.run("sed", "-i", "s/= 2, 300,/= 2, 3,/", "/etc/rspamd/rspamd.local.lua")
    server.run("systemctl", "restart", "rspamd")
    wait_for_rspamd(server)
    for _ in range(2):
        answer = outsider.post(server, suspicious, sender=envelope)
        assert answer == "451 4.7.1 This message looks like spam; try again in five minutes"
    genuine = outsider.post(server, letter(token(), sender=HOSTILE), sender=HOSTILE)
    assert genuine == "250"
    wait_until(
        "acceptance",
        lambda: outsider.post(server, suspicious, sender=envelope) == "250",
    )
    server.wait_for_message(None, word)
