"""The module that writes the files of a part of the server."""

import grp
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins import TOP
from rendering import SMALL, render

MODULE = TOP / "library/mailpopbox_files.py"
SOURCE = TOP / "milter/src"
MILTER = {str(path.relative_to(SOURCE)): path.read_text() for path in SOURCE.rglob("*.py")}
PROGRAM = {"a.py": "a\n", "sub/b.py": "b\n"}
# To root belongs only what root writes.
ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "here" / "python"


def module(**arguments: object) -> dict[str, Any]:
    """Run the module as Ansible does, and return what it answers."""
    done = subprocess.run(
        [sys.executable, MODULE],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def keep(folder: Path, texts: dict[str, str], mode: str = "0644", **more: object) -> dict[str, Any]:
    """Keep files in a folder, and show what is different."""
    files = {str(folder / name): ME | {"mode": mode} for name in texts}
    return module(files=files, texts=list(texts.values()), **{"_ansible_diff": True, **more})


def found(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_what_is_missing_is_written_and_a_second_time_nothing(folder: Path) -> None:
    assert keep(folder, PROGRAM)["changed"]
    assert found(folder) == PROGRAM
    assert mode(folder / "sub") == 0o755
    assert mode(folder / "sub/b.py") == 0o644
    again = keep(folder, PROGRAM)
    assert not again["changed"]
    assert again["diff"] == []


def test_what_differs_is_replaced_and_the_rest_stays(folder: Path) -> None:
    keep(folder, PROGRAM | {"other": "x\n"})
    answer = keep(folder, {"a.py": "new\n"})
    assert found(folder) == PROGRAM | {"a.py": "new\n", "other": "x\n"}
    assert [(each["before"], each["after"]) for each in answer["diff"]] == [("a\n", "new\n")]
    assert answer["diff"][0]["before_header"] == str(folder / "a.py")


def test_an_empty_file_is_written_too(folder: Path) -> None:
    assert keep(folder, {"empty": ""})["changed"]
    assert found(folder) == {"empty": ""}
    assert not keep(folder, {"empty": ""})["changed"]


def test_a_file_of_other_octets_is_replaced(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "a.py").write_bytes(b"\xff\n")
    assert keep(folder, {"a.py": "\N{REPLACEMENT CHARACTER}\n"})["changed"]
    assert found(folder) == {"a.py": "\N{REPLACEMENT CHARACTER}\n"}


def test_rights_are_set_right_again_and_shown(folder: Path) -> None:
    keep(folder, {"a.py": "a\n"}, mode="0640")
    assert mode(folder / "a.py") == 0o640
    (folder / "a.py").chmod(0o666)
    answer = keep(folder, {"a.py": "a\n"}, mode="0640")
    assert mode(folder / "a.py") == 0o640
    [shown] = answer["diff"]
    assert (shown["before"], shown["after"]) == ({"mode": "0666"}, {"mode": "0640"})


def test_a_folder_is_made_with_its_rights(folder: Path) -> None:
    folders = {str(folder): ME | {"mode": "2770"}}
    answer = module(folders=folders)
    assert answer["changed"]
    assert mode(folder) == 0o2770
    assert mode(folder.parent) == 0o755
    assert not module(folders=folders)["changed"]


class TestAlone:
    """One folder may be for these files alone."""

    def test_all_others_are_removed(self, folder: Path) -> None:
        keep(folder, {"gone.py": "x\n", "old/deep/c.py": "c\n"} | PROGRAM)
        answer = keep(folder, PROGRAM, alone_in=str(folder))
        assert found(folder) == PROGRAM
        assert not (folder / "old").exists()
        assert [Path(each["before_header"]).name for each in answer["diff"]] == ["gone.py", "c.py"]

    def test_what_python_compiled_is_left_alone(self, folder: Path) -> None:
        keep(folder, PROGRAM)
        compiled = folder / "sub/__pycache__/b.pyc"
        compiled.parent.mkdir()
        compiled.write_bytes(b"\xff")
        assert not keep(folder, PROGRAM, alone_in=str(folder))["changed"]
        assert keep(folder, PROGRAM | {"a.py": "new\n"}, alone_in=str(folder))["changed"]
        assert compiled.exists()


class TestCheck:
    """A command may be asked before anything is replaced."""

    def test_it_sees_all_files_by_their_names(self, folder: Path) -> None:
        assert keep(folder, {"a": "a\n"}, check="test -f %s/a")["changed"]
        # One of the two is new only.
        check = "grep -q a %s/a %s/b"
        assert keep(folder, {"a": "a\n", "b": "a\n"}, check=check)["changed"]
        assert found(folder) == {"a": "a\n", "b": "a\n"}

    def test_what_it_refuses_changes_nothing(self, folder: Path) -> None:
        keep(folder, {"a": "a\n"})
        check = "sh -c 'echo I do not like it >&2; exit 1'"
        answer = keep(folder, {"a": "new\n", "b": "new\n"}, check=check)
        assert answer["failed"]
        assert "a and b refused" in answer["msg"]
        assert "I do not like it" in answer["msg"]
        assert found(folder) == {"a": "a\n"}

    def test_it_sees_a_folder_as_it_will_be(self, folder: Path) -> None:
        check = "grep -q b %s/sub/b.py"
        assert keep(folder, PROGRAM, alone_in=str(folder), check=check)["changed"]

    def test_it_sees_what_lies_beside_and_is_not_written(self, folder: Path) -> None:
        check = "grep -q sec.et %s/other"
        answer = keep(folder, {"a": "a\n"}, check=check, beside={"other": "secret\n"})
        assert found(folder) == {"a": "a\n"}
        assert "secret" not in json.dumps(answer)
        answer = keep(folder, {"a": "new\n"}, check=check, beside={"other": "x\n"})
        assert "a and other refused" in answer["msg"]
        assert found(folder) == {"a": "a\n"}

    def test_it_is_not_asked_about_what_stands_there(self, folder: Path) -> None:
        keep(folder, {"a": "a\n"})
        assert not keep(folder, {"a": "a\n"}, check="false")["changed"]


def test_check_mode_only_foretells(folder: Path) -> None:
    folders = {str(folder): ME}
    answer = keep(folder, PROGRAM, folders=folders, check="false", _ansible_check_mode=True)
    assert answer["changed"]
    assert len(answer["diff"]) == 3
    assert not folder.exists()


def test_nobody_else_sees_what_is_checked(folder: Path) -> None:
    check = "sh -c 'test $(stat --format=%a %s) = 700'"
    assert keep(folder, {"a": "secret\n"}, mode="0600", check=check)["changed"]
    assert mode(folder / "a") == 0o600


def test_a_text_is_shown_where_differences_are_only(folder: Path) -> None:
    assert "secret" in json.dumps(keep(folder, {"a": "secret\n"}))
    assert "secret" not in json.dumps(keep(folder, {"b": "secret\n"}, _ansible_diff=False))


class TestMilter:
    """A program and a configuration that do not go together restart nothing."""

    def copied(self, folder: Path, program: dict[str, str], more: str) -> dict[str, Any]:
        """Copy the program as its role does, with more in the configuration that is to come."""
        tasks = yaml.safe_load((TOP / "roles/milter/tasks/main.yml").read_text())
        [task] = [task for task in tasks if task["name"] == "Copy the program"]
        assert task["notify"] == "Restart the milter"
        check = task["mailpopbox_files"]["check"].replace("/usr/bin/python3", sys.executable)
        beside = {"milter.yml": render("milter/etc/mailpopbox/milter.yml", SMALL) + more}
        return keep(folder, program, alone_in=str(folder), check=check, beside=beside)

    def test_those_that_go_together_are_copied(self, folder: Path) -> None:
        assert self.copied(folder, MILTER, "")["changed"]
        assert found(folder) == MILTER

    @pytest.mark.parametrize(
        ("broken", "more", "said"),
        [
            ("", "no_such_setting: 1\n", "no_such_setting"),
            ("raise RuntimeError('no such program')\n", "", "no such program"),
        ],
        ids=["configuration", "program"],
    )
    def test_others_are_not(self, folder: Path, broken: str, more: str, said: str) -> None:
        name = "mailpopbox/words.py"
        answer = self.copied(folder, MILTER | {name: MILTER[name] + broken}, more)
        assert answer["failed"]
        assert said in answer["msg"]
        assert "so the old one stays in force" in answer["msg"]
        assert not folder.exists()


def test_the_role_copies_every_package_of_the_program() -> None:
    """A folder that is left out would be missed on the host only."""
    tasks = yaml.safe_load((TOP / "roles/milter/tasks/main.yml").read_text())
    [copied] = [task["vars"]["packages"] for task in tasks if "packages" in task.get("vars", {})]
    folders = {str(Path(name).parent) for name in MILTER}
    assert set(copied) == folders
