"""A second run has nothing to do, and says so in check mode too."""

from deploying import Scenario


def test_check_mode_finds_nothing_to_change(scenario: Scenario) -> None:
    run = scenario.deploy({}, None, "--check", "--diff", "-vvv")
    assert run.rc == 0, run.output
    assert {host: recap.changed for host, recap in run.recap.items()} == dict.fromkeys(
        scenario.groups["mailservers"], 0
    )
    secrets = {"$2y$"} | {box.password for server in scenario.servers for box in server.mailboxes}
    assert [secret for secret in secrets if secret in run.output] == []
