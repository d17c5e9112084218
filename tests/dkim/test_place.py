"""Where the keys lie: Rspamd reads them where they are made, and only root may change them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from mailpopbox.commands.keys import FOLDER
from plugins import TOP
from rendering import SMALL, render


def folders() -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield the folders that the roles make, and their rights."""
    for path in TOP.glob("roles/*/tasks/*.yml"):
        tasks: list[dict[str, Any]] = yaml.safe_load(path.read_text())
        for task in tasks:
            made = task.get("mailpopbox_files", {}).get("folders", {})
            if isinstance(made, dict):
                yield from ((Path(name), rights) for name, rights in made.items())


def test_rspamd_reads_the_keys_where_they_are_made() -> None:
    text = render("rspamd/etc/rspamd/rspamd.conf", SMALL)
    assert f'.include "{FOLDER}/signing.yml"' in text
    assert dict(folders())[FOLDER] == {"group": "_rspamd", "mode": "2750"}


def test_only_root_may_put_another_folder_in_their_place() -> None:
    above = [rights for path, rights in folders() if path in FOLDER.parents]
    assert above == []
