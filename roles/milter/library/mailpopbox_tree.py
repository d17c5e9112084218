#!/usr/bin/python
"""Ansible module: a folder that holds exactly these text files."""

from __future__ import annotations

import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: mailpopbox_tree
short_description: Keep a folder of exactly these text files
description:
  - Writes what is missing or differs and removes all others, folders too.
  - One connection for all of them, where a loop over copy takes several for each.
options:
  path:
    description: The folder. It belongs to root, and everybody may read it.
    type: path
    required: true
  files:
    description: Texts by the files' paths below the folder.
    type: dict
    required: true
"""

Texts = dict[str, str]


def found_below(folder: Path) -> list[Path]:
    """Return what is there, the deepest first; what Python compiled by itself is its own affair."""
    paths = sorted(folder.rglob("*"), reverse=True)
    return [path for path in paths if "__pycache__" not in path.parts]


def texts_below(folder: Path) -> Texts:
    files = (path for path in found_below(folder) if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in files}


def differences(old: Texts, new: Texts) -> list[dict[str, str]]:
    return [
        {
            "before_header": name,
            "after_header": name,
            "before": old.get(name, ""),
            "after": new.get(name, ""),
        }
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def make_folder(path: Path) -> None:
    if not path.exists():
        make_folder(path.parent)
        path.mkdir()
        path.chmod(0o755)


def write(module: AnsibleModule, folder: Path, files: Texts) -> None:
    for name, text in files.items():
        path = folder / name
        make_folder(path.parent)
        temporary = Path(module.tmpdir, "file")
        temporary.write_text(text)
        temporary.chmod(0o644)
        module.atomic_move(str(temporary), str(path))


def remove(folder: Path, files: Texts) -> None:
    """Remove what is not among the files, and the folders that hold none of them then."""
    for path in found_below(folder):
        if not path.is_dir():
            if str(path.relative_to(folder)) not in files:
                path.unlink()
        elif not texts_below(path):
            shutil.rmtree(path)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
        no_log=True,  # nobody wants to read the program in the journal of the host
    )
    folder, files = Path(module.params["path"]), module.params["files"]
    old = texts_below(folder)
    changed = old != files
    if changed and not module.check_mode:
        write(module, folder, {name: files[name] for name in files if old.get(name) != files[name]})
        remove(folder, files)
    module.exit_json(changed=changed, diff=differences(old, files))


if __name__ == "__main__":
    main()
