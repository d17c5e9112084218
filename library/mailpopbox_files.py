#!/usr/bin/python
"""Ansible module: text files and their folders, all of a part of the server at once."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: mailpopbox_files
short_description: Keep text files and their folders as they should be
description:
  - Writes the files that are missing or differ, each in one step; C(--diff) shows in what.
  - One connection for all of them, where a loop over template takes several for each.
  - Owner and group are root where none is given, the mode is 0644, or 0755 for a folder.
options:
  folders:
    description: Owner, group and mode by path. Other folders are made as they are needed.
    type: dict
    default: {}
  files:
    description: Owner, group and mode by path.
    type: dict
    default: {}
  texts:
    description: What is to stand in the files, in their order.
    type: list
    elements: str
    default: []
  alone_in:
    description: A folder from which all other files are removed, and what is empty then.
    type: path
  check:
    description:
      - A command that is asked before anything is replaced. C(%s) stands for a folder of the files,
        where those below C(alone_in) lie as they will below that.
      - If it fails, nothing is changed.
    type: str
  beside:
    description: Texts by name that the command finds there, too, and that are not written.
    type: dict
    default: {}
"""

Rights = dict[str, str]
Texts = dict[Path, str]
Difference = dict[str, Any]


def text_of(path: Path) -> str:
    """Return what stands in a file, "" if there is none."""
    return path.read_text("utf-8", "surrogateescape") if path.is_file() else ""


def files_below(folder: Path) -> list[Path]:
    """Return all files but what Python compiled by itself, which is its own affair."""
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if not path.is_dir() and "__pycache__" not in path.parts]


def difference(path: Path, before: object, after: object) -> Difference:
    header = str(path)
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def make_folder(path: Path) -> None:
    if not path.exists():
        make_folder(path.parent)
        path.mkdir()
        path.chmod(0o755)


def write(module: AnsibleModule, path: Path, text: str) -> None:
    make_folder(path.parent)
    # A new file is born closed, and the move keeps the rights that it finds.
    if not path.exists():
        path.touch(0o600)
    temporary = Path(module.tmpdir, "file")
    temporary.touch(0o600)
    temporary.write_text(text, "utf-8")
    module.atomic_move(str(temporary), str(path))


def remove(files: list[Path], folder: Path) -> None:
    """Remove files, and the folders that hold none then."""
    for path in files:
        path.unlink()
    for path in list(folder.rglob("*")):
        if path.is_dir() and path.name != "__pycache__" and not files_below(path):
            shutil.rmtree(path)


def refuse_what_fails(
    module: AnsibleModule, check: str, texts: Texts, beside: Texts, alone_in: Path | None
) -> None:
    """Ask the command about the new files, and fail with its answer if it does not like them."""
    folder = Path(module.tmpdir, "new")
    folder.mkdir(mode=0o700)
    for path, text in (texts | beside).items():
        top = alone_in if alone_in and alone_in in path.parents else path.parent
        new = Path(folder, path.relative_to(top))
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, "utf-8")
    argv = [word.replace("%s", str(folder)) for word in shlex.split(check)]
    rc, stdout, stderr = module.run_command(argv)
    if rc:
        # Of a whole folder the names would say little.
        paths = [*beside, alone_in] if alone_in else [*texts, *beside]
        names = " and ".join(path.name for path in paths)
        module.fail_json(msg=f"{names} refused, so the old one stays in force.\n{stdout}{stderr}")


def set_rights(module: AnsibleModule, path: Path, rights: Rights) -> list[Difference]:
    """Give a file or folder its owner, group and mode; return what was different."""
    mode = "0755" if path.is_dir() else "0644"
    wanted = {**module.params, "owner": "root", "group": "root", "mode": mode, **rights}
    arguments = module.load_file_common_arguments(wanted, path=str(path))
    found: Difference = {"before": {}, "after": {}}
    changed = module.set_fs_attributes_if_different(arguments, changed=False, diff=found)
    return [difference(path, found["before"], found["after"])] if changed else []


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folders": {"type": "dict", "default": {}},
            "files": {"type": "dict", "default": {}},
            # There may be a password in them, and they are too long for the host's journal.
            "texts": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "alone_in": {"type": "path"},
            "check": {"type": "str"},
            "beside": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    folders, files = module.params["folders"], module.params["files"]
    texts = dict(zip(map(Path, files), module.params.pop("texts"), strict=True))
    beside = {Path(name): text for name, text in module.params.pop("beside").items()}
    rights = {Path(path): given or {} for path, given in (folders | files).items()}
    alone_in = module.params["alone_in"] and Path(module.params["alone_in"])

    missing = [path for path in rights if not path.exists()]
    new = {path: text for path, text in texts.items() if path in missing or text_of(path) != text}
    unwanted = [path for path in files_below(alone_in) if path not in texts] if alone_in else []
    diff = [difference(path, "", "new folder\n") for path in missing if path not in texts]
    diff += [difference(path, text_of(path), text) for path, text in new.items()]
    diff += [difference(path, text_of(path), "") for path in unwanted]
    if diff and not module.check_mode:
        if module.params["check"]:
            refuse_what_fails(module, module.params["check"], texts, beside, alone_in)
        for path in map(Path, folders):
            make_folder(path)
        for path, text in new.items():
            write(module, path, text)
        if alone_in:
            remove(unwanted, alone_in)
    for path in filter(Path.exists, rights):
        different = set_rights(module, path, rights[path])
        diff += [] if path in missing else different
    # Whether differences may be shown is the task's to say.
    module.no_log_values.clear()
    module.exit_json(changed=bool(diff), **({"diff": diff} if module._diff else {}))  # noqa: SLF001


if __name__ == "__main__":
    main()
