"""What comes in is judged otherwise under other settings."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Protocol

import pytest
from deploying import Scenario
from inside import wait_until
from messages import letter, token
from posting import Outsider, restart_rspamd, wait_for_rspamd
from probe import Server

HOSTILE = "evil@hostile.test"


class Redeploy(Protocol):
    """Lets the playbook put other settings in force."""

    def __call__(self, server: Server, **settings: object) -> None: ...


def judging(server: Server) -> set[str]:
    """Return the processes of Rspamd that judge mail."""
    search = "grep -las '^rspamd: rspamd_proxy' /proc/[0-9]*/cmdline"
    return set(server.run("sh", "-c", search, check=False).stdout.split())


@pytest.fixture(scope="module")
def redeploy(scenario: Scenario) -> Iterator[Redeploy]:
    """Put other settings in force, and what was there before when all is done."""

    def deploy(server: Server, **settings: object) -> None:
        playbook, before = "molecule/believed/rspamd.yml", judging(server)
        assert scenario.deploy(settings, server.name, playbook=playbook).rc == 0
        # After a reload, those of before still answer for a moment.
        wait_until("end of old processes", lambda: not before & judging(server))
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


# It fails SPF, and DMARC of a domain that asks for nothing to be done about that.
SUSPICIOUS, ENVELOPE = "ceo@loose.test", "evil@careful.test"


def test_the_score_decides(server: Server, redeploy: Redeploy, outsider: Outsider) -> None:
    def judged(mark: int, reject: int) -> tuple[str, str | None]:
        """Return what is answered under these limits, and how the message is marked."""
        redeploy(server, mailpopbox_spam_mark=mark, mailpopbox_spam_reject=reject)
        word = token()
        answer = outsider.post(server, letter(word, sender=SUSPICIOUS), sender=ENVELOPE)
        if answer != "250":
            assert server.copies(None, word) == []
            return answer[:9], None
        message = server.wait_for_message(None, word)
        found = re.search(r"score=([0-9.]+)", str(message["X-Spam-Status"]))
        assert found
        assert 2 <= float(found[1]) < 9
        return answer, message["X-Spam"]

    assert judged(mark=2, reject=0) == ("250", "Yes")
    assert judged(mark=0, reject=2) == ("554 5.7.1", None)
    assert judged(mark=0, reject=0) == ("250", None)
    assert judged(mark=9, reject=10) == ("250", None)


def test_what_looks_somewhat_like_spam_waits_once(
    server: Server, redeploy: Redeploy, outsider: Outsider
) -> None:
    word = token()
    suspicious = letter(word, sender=SUSPICIOUS)
    redeploy(server, mailpopbox_spam_greylist=2)
    server.run("sed", "-i", "s/= 2, 300,/= 2, 3,/", "/etc/rspamd/rspamd.local.lua")
    restart_rspamd(server)
    for _ in range(2):
        answer = outsider.post(server, suspicious, sender=ENVELOPE)
        assert answer == "451 4.7.1 This message looks like spam; try again in five minutes"
    genuine = outsider.post(server, letter(token(), sender=HOSTILE), sender=HOSTILE)
    assert genuine == "250"
    wait_until(
        "acceptance",
        lambda: outsider.post(server, suspicious, sender=ENVELOPE) == "250",
    )
    server.wait_for_message(None, word)
