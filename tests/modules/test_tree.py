"""The module that keeps a folder of exactly the files of the program."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins import TOP

MODULE = TOP / "roles/milter/library/mailpopbox_tree.py"
FILES = {"a.py": "a\n", "sub/b.py": "b\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "here" / "python"


def keep(folder: Path, files: dict[str, str], **options: object) -> dict[str, Any]:
    """Run the module as Ansible does, and return what it answers."""
    arguments = {"path": str(folder), "files": files, **options}
    done = subprocess.run(
        [sys.executable, MODULE],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def found(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_missing_is_written_and_a_second_time_nothing(folder: Path) -> None:
    assert keep(folder, FILES)["changed"]
    assert found(folder) == FILES
    assert (folder / "sub").stat().st_mode & 0o777 == 0o755
    assert (folder / "sub/b.py").stat().st_mode & 0o777 == 0o644
    assert not keep(folder, FILES)["changed"]


def test_what_differs_is_replaced_and_all_else_removed(folder: Path) -> None:
    keep(folder, {"a.py": "old\n", "gone.py": "x\n", "old/deep/c.py": "c\n", "sub/b.py": "b\n"})
    answer = keep(folder, FILES)
    assert found(folder) == FILES
    assert not (folder / "old").exists()
    headers = [each["before_header"] for each in answer["diff"]]
    assert headers == ["a.py", "gone.py", "old/deep/c.py"]
    assert answer["diff"][0] | {"after": "a\n", "before": "old\n"} == answer["diff"][0]


def test_what_python_compiled_is_left_alone(folder: Path) -> None:
    keep(folder, FILES)
    compiled = folder / "sub/__pycache__/b.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"\xff")
    assert not keep(folder, FILES)["changed"]
    assert keep(folder, {"a.py": "new\n", "sub/b.py": "b\n"})["changed"]
    assert compiled.exists()


def test_check_mode_only_foretells(folder: Path) -> None:
    answer = keep(folder, FILES, _ansible_check_mode=True)
    assert answer["changed"]
    assert not folder.exists()


def test_the_role_copies_every_package_of_the_program() -> None:
    """A folder that is left out would be missed on the host only."""
    tasks = yaml.safe_load((TOP / "roles/milter/tasks/main.yml").read_text())
    [copied] = [task["vars"]["packages"] for task in tasks if "mailpopbox_tree" in task]
    source = TOP / "milter/src"
    folders = {str(path.parent.relative_to(source)) for path in source.rglob("*.py")}
    assert set(copied) == folders
