"""The control nodes are what the scenario says."""

from probe import Server

VERSIONS = {12: "core 2.14.", 13: "core 2.21."}


def test_each_ran_its_own_ansible(server: Server) -> None:
    command = server.variables["_playbook_command"]
    assert VERSIONS[server.release] in server.run(*command, "--version").stdout
