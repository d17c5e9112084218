"""Hold variables against an argument spec: the right keys, the right types.

Ansible can do this too, but it stops at a dump of the whole spec, and takes
`domains: example.com` for a list of one. These messages name key, value and fix.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NamedTuple

Spec = dict[str, Any]

TRUE = ("true", "yes", "on")
FALSE = ("false", "no", "off")


class Checked(NamedTuple):
    """What came of one value: the value in its right type, and what is wrong with it."""

    value: Any
    problems: list[str]


def show(value: Any) -> str:
    """Spell a value as YAML would, short enough for one line."""
    words = {True: "true", False: "false", None: "nothing"}
    if value is None or isinstance(value, bool):
        return words[value]
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def did_you_mean(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(sorted(known))}."


def check_str(key: str, value: Any, option: Spec) -> Checked:
    if option.get("no_log"):
        if isinstance(value, str):
            return Checked(str(value), [])
        return Checked(None, [f"{key}: is not text. Put it in quotes."])
    if not isinstance(value, str):
        return Checked(
            None, [f"{key}: {show(value)} is not text. Write text, in quotes if need be."]
        )
    choices = option.get("choices")
    if choices and value not in choices:
        return Checked(
            None,
            [f"{key}: {show(value)} is none of its choices. Write one of: {', '.join(choices)}."],
        )
    # Strings from Ansible are a subclass that carries tags; plain ones travel everywhere.
    return Checked(str(value), [])


def check_bool(key: str, value: Any, _: Spec) -> Checked:
    if isinstance(value, bool):
        return Checked(value, [])
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE + FALSE:  # -e on the command line makes text of everything
        return Checked(word in TRUE, [])
    return Checked(None, [f"{key}: {show(value)} is neither true nor false. Write one of the two."])


def check_int(key: str, value: Any, _: Spec) -> Checked:
    if isinstance(value, int) and not isinstance(value, bool):
        return Checked(int(value), [])
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return Checked(int(value), [])
    return Checked(None, [f"{key}: {show(value)} is not a whole number. Write digits only."])


def check_list(key: str, value: Any, option: Spec) -> Checked:
    if not isinstance(value, list):
        return Checked(
            None, [f"{key}: {show(value)} is not a list. Write each entry on a line after a dash."]
        )
    checked = [
        check_value(
            f"{key}[{place}]", entry, {**option, "type": option["elements"], "choices": None}
        )
        for place, entry in enumerate(value, start=1)
    ]
    return Checked([one.value for one in checked], [p for one in checked for p in one.problems])


def check_dict(key: str, value: Any, option: Spec) -> Checked:
    if not isinstance(value, dict):
        shown = "what stands there" if option.get("no_log") else show(value)
        return Checked(
            None,
            [f"{key}: {shown} is not a mapping. Write indented lines, name: value."],
        )
    if "options" not in option:
        return Checked(dict(value), [])
    return check_options(value, option["options"], prefix=f"{key}.")


CHECKS = {
    "str": check_str,
    "bool": check_bool,
    "int": check_int,
    "list": check_list,
    "dict": check_dict,
}


def check_value(key: str, value: Any, option: Spec) -> Checked:
    return CHECKS[option["type"]](key, value, option)


def check_options(given: dict[Any, Any], options: Spec, prefix: str = "") -> Checked:
    """Check a mapping: unknown keys, missing keys, then each value."""
    problems = [
        f"{prefix}{key}: there is no such key. {did_you_mean(str(key), list(options))}"
        for key in given
        if key not in options
    ]
    values = {}
    for key, option in options.items():
        if given.get(key) is None:
            if option.get("required"):
                problems.append(
                    f"{prefix}{key}: is missing. Set it: {' '.join(option['description'].split())}"
                )
            elif key in given:
                problems.append(f"{prefix}{key}: has no value. Give it one, or take the line out.")
            values[key] = option.get("default")
        else:
            checked = check_value(f"{prefix}{key}", given[key], option)
            values[key] = checked.value
            problems += checked.problems
    return Checked(values, problems)


def typed(given: dict[str, Any], options: Spec) -> dict[str, Any]:
    """Return the variables in their right types, and a sentence for all that is wrong."""
    return check_options(given, options)._asdict()


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        return {"mailpopbox_typed": typed}
