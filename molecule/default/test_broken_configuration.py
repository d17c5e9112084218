"""A configuration that Postfix does not like fails the run, and the server goes on as before."""

import pytest
from deploying import Deployment, Scenario
from messages import letter, token
from probe import Server

PARAMETER = "smtpd_such_parameter"


def state(server: Server) -> str:
    """Return what is in force, and since when it runs."""
    return server.run(
        "sh", "-c", "md5sum /etc/postfix/*; cat /var/spool/postfix/pid/master.pid; postconf -n"
    ).stdout


@pytest.fixture(scope="module")
def before(scenario: Scenario) -> dict[str, str]:
    return {server.name: state(server) for server in scenario.servers}


@pytest.fixture(scope="module")
def broken(scenario: Scenario, before: dict[str, str]) -> Deployment:
    """Leaves nothing behind to be put right: the second test sees to that."""
    assert before
    return scenario.deploy({"mailpopbox_postfix_extra": {PARAMETER: "yes"}})


def test_the_run_fails_and_names_it(broken: Deployment) -> None:
    assert broken.rc != 0
    assert f"unused parameter: {PARAMETER}=yes" in " ".join(broken.output.split())
    assert "so the old one stays in force" in broken.output


def test_the_server_goes_on_as_before(
    server: Server, before: dict[str, str], broken: Deployment
) -> None:
    assert broken.recap[server.name].failed == 1
    assert state(server) == before[server.name]
    word = token()
    server.send(letter(word))
    server.wait_for_message(None, word)
