"""Loads what Ansible finds by path: filters, defaults, specs and templates of the roles."""

import importlib.util
from copy import deepcopy
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

TOP = Path(__file__).resolve().parents[2]
ROLE = TOP / "roles/mailpopbox"


@cache
def load(path: Path) -> ModuleType:
    """Import a plugin from its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plugin(name: str) -> ModuleType:
    return load(ROLE / "filter_plugins" / f"{name}.py")


@cache
def _parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def read_yaml(path: Path) -> Any:
    """Return what a file says; it is parsed once, and each caller may change its copy."""
    return deepcopy(_parsed(path))


def options() -> dict[str, Any]:
    """Return the spec of every public variable."""
    spec = read_yaml(ROLE / "meta/argument_specs.yml")
    found: dict[str, Any] = spec["argument_specs"]["main"]["options"]
    return found


def defaults() -> dict[str, Any]:
    found: dict[str, Any] = read_yaml(ROLE / "defaults/main.yml")
    return found


def check(given: dict[str, Any]) -> dict[str, Any]:
    """Hold variables against the contract as preflight does, defaults included."""
    typed = plugin("typed").typed(defaults() | given, options())
    if typed["problems"]:
        return {"problems": typed["problems"]}
    found: dict[str, Any] = plugin("contract").model(typed["value"])
    problems = found["problems"]
    for name in ("acme", "dns_provider", "web"):
        problems = problems + plugin(name).problems(typed["value"])
    return found | {"problems": problems}


def model(given: dict[str, Any], release: str = "13") -> dict[str, Any]:
    """Return the model that every template reads, on that release of Debian."""
    read = check(given)
    assert not read["problems"]
    mail: dict[str, Any] = read["model"]
    return mail | {
        "routes": plugin("routes").routes(mail["mailboxes"]),
        "sites": plugin("web").sites(mail),
        "tls_sessions": ("logged" if release == "12" else "told") if mail["tls_reports"] else "",
    }
