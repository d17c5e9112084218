"""What cannot work is refused before anything changes, and the reason told."""

import pytest
from deploying import Scenario


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        (
            {"mailpopbox_mailboxs": []},
            "mailpopbox_mailboxs: there is no such key. Did you mean mailpopbox_mailboxes?",
        ),
        (
            {
                "mailpopbox_mailboxes": [
                    {
                        "login": "a@example.com",
                        "domains": ["example.com"],
                        "password": "Sesame-1234",
                    },
                    {
                        "login": "b@example.net",
                        "domains": ["example.com"],
                        "adresses": ["b@example.net"],
                    },
                ]
            },
            "mailpopbox_mailboxes[2].adresses: there is no such key. Did you mean addresses?",
        ),
    ],
    ids=["setting", "mailbox"],
)
def test_an_unknown_key_is_refused(
    scenario: Scenario, variables: dict[str, object], reason: str
) -> None:
    run = scenario.deploy(variables, None, "-vvv")
    assert run.rc != 0
    assert reason in " ".join(run.output.split())
    assert "Sesame-1234" not in run.output
    assert {host: recap.changed for host, recap in run.recap.items()} == dict.fromkeys(
        scenario.groups["mailservers"], 0
    )
