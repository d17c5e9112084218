"""A scenario's inventory, its hosts, and the playbook run on them once more."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

from inside import NETWORK_SECONDS, TOP, Host
from probe import Server

DEPLOY_SECONDS = 900

H = TypeVar("H", bound="Host")


@dataclass(frozen=True)
class Recap:
    """Ansible's closing counts for one host."""

    ok: int
    changed: int
    unreachable: int
    failed: int


@dataclass(frozen=True)
class Deployment:
    """How one run of the playbook ended."""

    rc: int
    output: str

    @cached_property
    def recap(self) -> dict[str, Recap]:
        """The closing counts by host; empty when the run ended before."""
        lines = re.findall(
            r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)",
            self.output,
            re.MULTILINE,
        )
        return {host: Recap(*map(int, counts)) for host, *counts in lines}


@dataclass(frozen=True)
class Scenario:
    """A scenario's inventory file, loaded."""

    inventory: Path
    groups: Mapping[str, list[str]]
    variables: Mapping[str, Mapping[str, Any]]

    @classmethod
    def load(cls, inventory: Path, only: str | None = None) -> "Scenario":
        """Read an inventory file as Ansible does, with the group_vars and host_vars beside it.

        `only` leaves out all other mail servers, so that several runs get on side by side.
        """
        listing = _listing(inventory)
        groups = {name: group.get("hosts", []) for name, group in listing.items()}
        if only:
            groups["mailservers"] = [only]
        return cls(inventory, groups, listing["_meta"]["hostvars"])

    @property
    def servers(self) -> list[Server]:
        """The mail servers, on which every behaviour is tested."""
        return [self.host(name, Server) for name in self.groups["mailservers"]]

    def host(self, name: str, kind: type[H]) -> H:
        """Return one host by its name in the inventory."""
        variables = self.variables[name]
        container, release = variables["ansible_host"], int(variables["_release"])
        return kind(name, container, release, self.inventory, variables)

    def deploy(
        self,
        extra_vars: Mapping[str, Any] | None = None,
        limit: str | None = None,
        *options: str,
        playbook: str = "playbook.yml",
    ) -> Deployment:
        """Run the playbook once more, with other settings. What they change stays changed."""
        argv = [_tool("ansible-playbook"), "--inventory", str(self.inventory), *options, playbook]
        argv += ["--extra-vars", json.dumps(extra_vars or {})]
        argv += ["--limit", limit or ",".join(self.groups["mailservers"])]
        done = subprocess.run(
            argv,
            cwd=TOP,
            env=ansible_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEPLOY_SECONDS,
            check=False,
        )
        return Deployment(done.returncode, done.stdout)


@cache
def _listing(inventory: Path) -> dict[str, Any]:
    """Return what Ansible says of an inventory; asked once, since it takes a second."""
    done = subprocess.run(
        [_tool("ansible-inventory"), "--inventory", str(inventory), "--list"],
        capture_output=True,
        text=True,
        timeout=NETWORK_SECONDS,
        check=True,
    )
    listing: dict[str, Any] = json.loads(done.stdout)
    return listing


def _tool(name: str) -> str:
    """Return a command of the environment that runs the tests."""
    return str(Path(sys.executable).parent / name)


def ansible_environment() -> dict[str, str]:
    """Return what lets Ansible reach the containers."""
    environment = {key: value for key, value in os.environ.items() if key != "ANSIBLE_FORCE_COLOR"}
    return environment | {
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_CONNECTION_PLUGINS": str(TOP / "molecule/shared/connection"),
        # Molecule's own settings know nothing of ours.
        "ANSIBLE_LIBRARY": str(TOP / "library"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/local/bin/ansible-python",
    }
