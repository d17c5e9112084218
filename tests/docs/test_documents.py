"""What the documents say of the project is so, as far as a program can tell."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins import TOP, check, options, read_yaml

DOCUMENTS = sorted([*TOP.glob("*.md"), *(TOP / "docs").glob("*.md")])
NAMES = [str(document.relative_to(TOP)) for document in DOCUMENTS]
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def prose(document: Path) -> str:
    """Return a document without its blocks of code."""
    return FENCE.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """Return the anchors that its headings get: lower case, words joined by dashes."""
    headings = re.findall(r"^#+ +(.*)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document: Path) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)\s]+)\)", prose(document))


def test_the_page_of_variables_is_up_to_date() -> None:
    tool = [sys.executable, str(TOP / "tools/document-variables")]
    made = subprocess.run(tool, capture_output=True, text=True, check=True).stdout
    assert (TOP / "docs/variables.md").read_text() == made, "stale; run: make docs"


def test_every_variable_has_its_section() -> None:
    page = (TOP / "docs/variables.md").read_text()
    nested = options()["mailpopbox_mailboxes"]["options"]
    expected = [*options(), *(f"mailpopbox_mailboxes[].{name}" for name in nested)]
    assert sorted(re.findall(r"^##+ `(.*)`$", page, re.MULTILINE)) == sorted(expected)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        assert target.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_what_is_named_exists(document: Path) -> None:
    """Variables are in the contract, and targets in the Makefile."""
    text = document.read_text()
    named = set(re.findall(r"\bmailpopbox_[a-z_0-9]*[a-z0-9]\b(?!_)", text))
    assert named <= {*options(), "mailpopbox_users"}
    targets = set(re.findall(r"^([a-z][a-z -]*):", (TOP / "Makefile").read_text(), re.MULTILINE))
    known = {target for line in targets for target in line.split()}
    assert set(re.findall(r"(?:`|^ {4,})make ([a-z][a-z-]*)", text, re.MULTILINE)) <= known


def settings(document: Path) -> Iterator[dict[str, Any]]:
    """Yield each example that could stand in the file of settings."""
    for block in re.findall(r"(?:^ {4,}\S.*\n)+", document.read_text(), re.MULTILINE):
        if re.match(r" +mailpopbox_\w+:", block):
            yield yaml.safe_load(textwrap.dedent(block))


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_examples_of_settings_are_accepted(document: Path) -> None:
    smallest = read_yaml(TOP / "inventory.example/group_vars/mailservers.yml")
    for example in settings(document):
        assert check(smallest | example)["problems"] == [], example


def test_only_domains_for_examples_are_named() -> None:
    """Addresses are at domains that can never be anybody's."""
    ours = r"(?:.*\.)?example(?:\.(?:com|net|org))?|(?:.*\.)?test"
    for document in DOCUMENTS:
        text = document.read_text().replace(".txt", "")
        for domain in re.findall(r"[\w.+-]+@((?:[\w-]+\.)+[a-z]+)", text):
            assert re.fullmatch(ours, domain), domain


def test_the_change_log_knows_this_version() -> None:
    version = re.search(
        r'"(.*)"', (TOP / "milter/src/mailpopbox/__init__.py").read_text().split("__version__")[1]
    )
    assert version
    assert f"## [{version[1]}]" in (TOP / "CHANGELOG.md").read_text()


def test_the_license_is_the_one_that_is_named() -> None:
    assert "Version 3, 29 June 2007" in (TOP / "LICENSE").read_text()
    meta = read_yaml(TOP / "roles/mailpopbox/meta/main.yml")
    assert meta["galaxy_info"]["license"] == "GPL-3.0-or-later"
