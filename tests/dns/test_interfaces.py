"""Which addresses of a host others reach, by what `ip -json address` prints."""

import json

import pytest
from mailpopbox.dns.interfaces import addresses_of, usable


def interfaces(*addresses: tuple[str, str] | tuple[str, str, str]) -> str:
    """Print interfaces as iproute2 does, one for each address with its scope and a flag."""
    return json.dumps(
        [
            {
                "ifindex": number,
                "ifname": f"eth{number}",
                "flags": ["BROADCAST", "UP"],
                "addr_info": [
                    {
                        "family": "inet6" if ":" in address else "inet",
                        "local": address,
                        "prefixlen": 64,
                        "scope": scope,
                        **dict.fromkeys(flags, True),
                    }
                ],
            }
            for number, (address, scope, *flags) in enumerate(addresses)
        ]
    )


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("[]", ()),
        # An interface that is down, and what old versions print for what is left out.
        ('[{"ifname": "eth0", "addr_info": []}, {}]', ()),
        ('[{"addr_info": [{}]}]', ()),
        (interfaces(("127.0.0.1", "host"), ("::1", "host"), ("fe80::1", "link")), ()),
        (interfaces(("198.51.100.7", "global")), ("198.51.100.7",)),
        # IPv4 first, each once, the lowest first.
        (
            interfaces(
                ("2001:db8::2", "global"),
                ("198.51.100.9", "global"),
                ("198.51.100.7", "global"),
                ("198.51.100.9", "global"),
            ),
            ("198.51.100.7", "198.51.100.9", "2001:db8::2"),
        ),
        # Behind NAT, in a network of the provider, of Docker, of one's own.
        (
            interfaces(
                ("10.0.0.5", "global"),
                ("100.64.0.5", "global"),
                ("172.17.0.1", "global"),
                ("192.168.1.5", "global"),
                ("fd00::5", "global"),
            ),
            (),
        ),
        # On their borders.
        (
            interfaces(("11.0.0.0", "global"), ("100.128.0.0", "global"), ("172.32.0.0", "global")),
            ("11.0.0.0", "100.128.0.0", "172.32.0.0"),
        ),
        (interfaces(("2001:db8::3", "global", "temporary")), ()),
        (interfaces(("2001:db8::3", "global", "deprecated")), ()),
        (interfaces(("2001:db8::3", "global", "tentative")), ()),
        (interfaces(("2001:db8::3", "global", "dadfailed")), ()),
        (interfaces(("2001:db8::3", "global", "dynamic")), ("2001:db8::3",)),
    ],
)
def test_addresses(printed: str, expected: tuple[str, ...]) -> None:
    assert addresses_of(printed) == expected


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "x",
        "5",
        '{"a": 1}',
        '[{"addr_info": [{"scope": "global"}]}]',
        '[{"addr_info": [{"scope": "global", "local": "x"}]}]',
    ],
)
def test_what_is_no_list_of_interfaces(printed: str) -> None:
    with pytest.raises(ValueError, match=r"^no list of interfaces$"):
        addresses_of(printed)


def test_without_ipv6() -> None:
    both = ("198.51.100.7", "2001:DB8:0::1")
    assert usable(both, ipv6=True) == ("198.51.100.7", "2001:db8::1")
    assert usable(both, ipv6=False) == ("198.51.100.7",)
