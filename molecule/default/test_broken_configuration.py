"""A configuration that a service does not like fails the run, and the server goes on as before."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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


# --- What somebody else has put beside our files, and what does not go together with them ---

# By Debian, so that one run shows both: what stands there, and what is said of it.
FOREIGN = {
    12: ("/etc/rspamd/local.d/rspamd.lua", "error('no such rule')\n", "no such rule"),
    13: ("/etc/unbound/unbound.conf.d/zz.conf", "no-such-option: yes\n", "no-such-option"),
}
UNBOUND = "/etc/unbound/unbound.conf.d/mailpopbox.conf"


def services(server: Server) -> str:
    """Return the files of Rspamd and Unbound, and the processes that read them."""
    pids = "systemctl show --property=MainPID rspamd unbound"
    return server.run("sh", "-c", f"md5sum /etc/rspamd/rspamd.* {UNBOUND}; {pids}").stdout


@contextmanager
def foreign(server: Server) -> Iterator[None]:
    """Put something broken beside our files, and let Unbound's differ from what is to be there."""
    path, text, said = FOREIGN[server.release]
    ours = server.run("cat", UNBOUND).stdout
    with server.provoking(said):
        server.run("tee", path, stdin=text)
        if server.release == 13:
            server.run("tee", UNBOUND, stdin=f"{ours}# An older one\n")
        try:
            yield
        finally:
            server.run("rm", path)
            server.run("tee", UNBOUND, stdin=ours)


def test_what_does_not_go_with_the_rest_restarts_nothing(scenario: Scenario) -> None:
    with ExitStack() as stack:
        for server in scenario.servers:
            stack.enter_context(foreign(server))
        running = {server.name: services(server) for server in scenario.servers}
        # It reaches Rspamd's rules only.
        run = scenario.deploy({"mailpopbox_arc_trusted": ["lists.example.net"]})
        said = " ".join(run.output.split())
        for server in scenario.servers:
            assert run.recap[server.name].failed == 1, run.output
            assert FOREIGN[server.release][-1] in said
            assert services(server) == running[server.name]
    assert said.count("so the old one stays in force") >= len(running)


RSPAMD = ("/etc/rspamd/rspamd.conf", "/etc/rspamd/rspamd.local.lua")


@pytest.mark.parametrize(
    ("check", "files", "line", "said"),
    [
        ("check-rspamd", RSPAMD, "error('no such rule')", "no such rule"),
        ("check-unbound", (UNBOUND,), "no-such-option: yes", "no-such-option"),
    ],
)
def test_what_is_checked_are_the_new_files(
    server: Server, check: str, files: tuple[str, ...], line: str, said: str
) -> None:
    """Not those in force, which are as they should be."""
    last = files[-1].rpartition("/")[-1]
    copied = f'cd "$(mktemp -d)"; cp {" ".join(files)} .'
    ask = f'/usr/local/lib/mailpopbox/{check} "$PWD"'
    server.run("sh", "-euc", f"{copied}; {ask}")
    with server.provoking(said):
        broken = server.run(
            "sh", "-euc", f'{copied}; echo "$1" >>{last}; {ask}', "sh", line, check=False
        )
    assert broken.returncode != 0
    assert said in broken.stdout + broken.stderr
