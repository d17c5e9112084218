"""Who writes to the servers from outside, and the DNS that all of them ask."""

import pytest
from deploying import Scenario
from destination import Destination
from inside import Host
from posting import Outsider
from publishing import Zones, domains_of


@pytest.fixture(scope="session")
def outsider(client: Host) -> Outsider:
    return Outsider(client)


@pytest.fixture(scope="session")
def dns(scenario: Scenario) -> Host:
    return scenario.host(scenario.groups["dns"][0], Host)


@pytest.fixture(scope="session", autouse=True)
def zones(scenario: Scenario, dns: Host) -> Zones:
    """What each server prints of its domains, loaded as it is."""
    zones = Zones(dns)
    for server in scenario.servers:
        if not all(map(zones.serves, domains_of(server))):
            zones.publish(server)
    return zones


@pytest.fixture(scope="session")
def far(scenario: Scenario) -> Destination:
    """The server that mail goes to, whatever is published of it."""
    return Destination(scenario.host(scenario.groups["destinations"][0], Host))
