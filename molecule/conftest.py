"""Fixtures for all scenarios. A test that takes `server` runs once on each mail server."""

import fcntl
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from deploying import Scenario
from inside import TOP, Host
from probe import Server


@cache
def load_scenario() -> Scenario:
    """Load the inventory that the environment names, or one of its mail servers."""
    try:
        return Scenario.load(
            Path(os.environ["MAILPOPBOX_INVENTORY"]), only=os.environ.get("MAILPOPBOX_SERVER")
        )
    except KeyError:
        raise pytest.UsageError("MAILPOPBOX_INVENTORY names no inventory") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `server` on each Debian of the scenario."""
    if "server" in metafunc.fixturenames:
        servers = load_scenario().servers
        metafunc.parametrize("server", servers, ids=[server.name for server in servers])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Read the journals last, when all has been said; and leave out what is not of this Debian."""
    concerned = [item for item in items if _concerns_the_server_of(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in concerned])
    items[:] = sorted(concerned, key=lambda item: item.path.name == "test_journals.py")


def _concerns_the_server_of(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("debian")
    if not marker or not isinstance(item, pytest.Function):
        return True
    server = item.callspec.params["server"]
    assert isinstance(server, Server)
    return server.release in marker.args


@pytest.fixture(autouse=True)
def _beside_others(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let tests of several servers run side by side, but for those that change what all share.

    What a fixture of wider scope does is not kept out.
    """
    lock_file = TOP / ".cache" / f"{load_scenario().inventory.parent.parent.name}.lock"
    lock_file.parent.mkdir(exist_ok=True)
    with lock_file.open("w") as lock:
        is_alone = request.node.get_closest_marker("alone") is not None
        fcntl.flock(lock, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
        yield


@pytest.fixture(scope="module", autouse=True)
def fresh_limits() -> None:
    """Let Postfix forget, before each file of tests, how much their one client has done."""
    for server in load_scenario().servers:
        server.run("postfix", "reload")


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The scenario whose servers are tested."""
    return load_scenario()


@pytest.fixture(scope="session")
def client(scenario: Scenario) -> Host:
    """The host that stands for the rest of the world, in scenarios that have one."""
    return scenario.host(scenario.groups["clients"][0], Host)


@pytest.fixture(scope="session")
def database(scenario: Scenario) -> Host:
    """The host that keeps the ledger, in scenarios that have one."""
    return scenario.host(scenario.groups["databases"][0], Host)


@pytest.fixture
def other(scenario: Scenario, server: Server) -> Server:
    """The other mail server, which is being tested, too."""
    servers = Scenario.load(scenario.inventory).servers
    return next(each for each in servers if each.name != server.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Iterator[None]:
    """Show a server's log beside the test that failed on it."""
    begin = time.time()
    try:
        yield
    except BaseException:
        server = item.funcargs.get("server")
        if isinstance(server, Server):
            item.add_report_section("call", f"journal of {server.name}", server.journal(begin))
        raise
