"""Who may import whom: the command line what asks, that what judges, and never the other way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import mailpopbox
import pytest

TOP = Path(mailpopbox.__file__).parent
# From below to above; modules beside these packages, and the other packages, are below all of them.
LAYERS = ("dns", "dkim", "reports", "doctor", "examining", "commands", "cli", "__main__")


def layer(module: str) -> int:
    part = f"{module}.".split(".")[1]
    return LAYERS.index(part) if part in LAYERS else -1


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def ours(file: str) -> list[str]:
    return [each for each in imported(TOP / file) if each.startswith("mailpopbox.")]


@pytest.mark.parametrize("file", sorted(str(path.relative_to(TOP)) for path in TOP.rglob("*.py")))
def test_nobody_imports_from_above(file: str) -> None:
    own = layer(f"mailpopbox.{file.removesuffix('.py').replace('/', '.')}")
    assert [each for each in ours(file) if layer(each) > own] == []


@pytest.mark.parametrize("name", ["command", "desk", "screen"])
def test_what_all_commands_share_knows_nothing_of_one_of_them(name: str) -> None:
    below = [f"mailpopbox.{each}" for each in LAYERS[:-3]]
    assert [each for each in ours(f"commands/{name}.py") if each.startswith(tuple(below))] == []
