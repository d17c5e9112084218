"""What is made of what the mail servers say."""

from typing import Any

import pytest
from asking import REPAIR, StopError, answer_of, chosen, question_of, the_provider
from wanted import Wanted

PROVIDER = {"lacking": "", "name": "desec", "settings": {"token": "geheim"}}
ZONES = Wanted({"example.com": (), "xn--bcher-kva.example": ()}, frozenset())


def refused(function: Any, *arguments: Any) -> str:
    with pytest.raises(StopError) as stop:
        function(*arguments)
    assert stop.value.code == REPAIR
    assert "geheim" not in str(stop.value)
    return str(stop.value)


@pytest.mark.parametrize("stdout", ['{"zones": []}', {"zones": []}])
@pytest.mark.parametrize("rc", [0, "0"])
def test_an_answer_is_read_as_every_ansible_hands_it_over(rc: object, stdout: object) -> None:
    answer = {"provider": PROVIDER, "rc": rc, "stdout": stdout, "stderr": ""}
    assert answer_of("mx", answer) == {"provider": PROVIDER, "printed": {"zones": []}}


def test_a_host_that_says_nothing_is_told() -> None:
    answer = {"provider": PROVIDER, "rc": "2", "stdout": "", "stderr": ""}
    assert "mx does not say" in refused(answer_of, "mx", answer)
    assert "ansible-playbook playbook.yml" in refused(answer_of, "mx", answer)
    assert refused(answer_of, "mx", answer | {"stderr": "no key\n"}).endswith("needs. no key")


def test_what_is_lacking_comes_first() -> None:
    answer = {"provider": {"lacking": "name one"}, "rc": 2, "stdout": "", "stderr": ""}
    assert refused(answer_of, "mx", answer) == "name one"


def test_all_hosts_have_one_provider() -> None:
    other = PROVIDER | {"name": "gandi"}
    assert the_provider({"a": {"provider": PROVIDER}, "b": {"provider": PROVIDER}}) == PROVIDER
    said = refused(the_provider, {"a": {"provider": PROVIDER}, "b": {"provider": other}})
    assert "a and b have different ones" in said
    assert "--limit a" in said


def test_zones_are_chosen_by_either_spelling() -> None:
    assert chosen(ZONES, []) == ["example.com", "xn--bcher-kva.example"]
    assert chosen(ZONES, ["BÜCHER.example", "xn--bcher-kva.example"]) == ["xn--bcher-kva.example"]
    assert "There is no zone example.org. There are: example.com," in refused(
        chosen, ZONES, ["example.org"]
    )


def test_what_is_to_be_replaced_has_name_and_type() -> None:
    assert question_of("MX.example.com./a") == ("mx.example.com", "A")
    for text in ("mx.example.com", "/A", "mx.example.com/"):
        assert "mx.example.com/A" in refused(question_of, text)
