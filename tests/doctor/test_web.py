"""What the doctor says of what is served over HTTPS."""

import pytest
from mailpopbox.doctor.finding import BAD, GOOD, UNKNOWN, WARNING
from mailpopbox.doctor.web import Fetched, Page, pages, web
from mailpopbox.found import Certificate, Unknown

HOST = "mx.example.com"
PROFILE, SETTINGS, POLICY = pages(HOST, ["example.com"], policy=True)
RIGHT = {
    PROFILE: Fetched(f"<string>{HOST}</string>"),
    SETTINGS: Fetched(f"<hostname>{HOST}</hostname>"),
    POLICY: Fetched(f"version: STSv1\r\nmode: testing\nmx: {HOST}\nmx: b.example.net\nmax_age: 86400\n"),
}  # fmt: skip
WHOLE = Certificate(0, names=("*.example.com",))
AUTOCONFIG = "https://autoconfig.example.com/mail/config-v1.1.xml"
MTA_STS = "https://mta-sts.example.com/.well-known/mta-sts.txt"
UNUSABLE = f"Nobody can use the policy for MTA-STS at {MTA_STS}"


def said(
    found: dict[Page, Fetched], certificate: Certificate | Unknown = WHOLE
) -> list[tuple[str, str]]:
    return [(each.state, each.sentence) for each in web(found, certificate, HOST, "acme")]


def test_which_pages_there_are() -> None:
    assert [page.url for page in (PROFILE, SETTINGS, POLICY)] == [
        "https://mx.example.com/apple.mobileconfig", AUTOCONFIG, MTA_STS
    ]  # fmt: skip
    assert list(pages(HOST, ["example.com"], policy=False)) == [PROFILE, SETTINGS]


def test_all_is_well() -> None:
    assert said(RIGHT) == [
        (GOOD, "3 files are served over HTTPS as they should be, and the certificate has all their names.")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "answer", "expected"),
    [
        (SETTINGS, Fetched(why="the answer is 404"), (WARNING, f"Nobody can fetch the settings for mail programs at {AUTOCONFIG}: the answer is 404.")),
        (SETTINGS, Fetched("mx.example.net"), (WARNING, f"Nobody can use the settings for mail programs at {AUTOCONFIG}: mx.example.com is not named there.")),
        (POLICY, Fetched(why="the answer is 403"), (BAD, f"Nobody can fetch the policy for MTA-STS at {MTA_STS}: the answer is 403.")),
        (POLICY, Fetched(), (BAD, f"{UNUSABLE}: it is none.")),
        (POLICY, Fetched("version: STSv2\nmode: none\nmax_age: 1"), (BAD, f"{UNUSABLE}: it is none.")),
        (POLICY, Fetched("version: STSv1\nmode: x\nmax_age: 1"), (BAD, f"{UNUSABLE}: it is none.")),
        (POLICY, Fetched("version: STSv1\nmode: none\nmax_age: x"), (BAD, f"{UNUSABLE}: it does not say how long it holds.")),
        (POLICY, Fetched("version: STSv1\nmode: enforce\nmx: mx.example.net\nmax_age: 1"), (BAD, f"{UNUSABLE}: by it, mail must not go to mx.example.com.")),
    ],
)  # fmt: skip
def test_a_page_that_is_wrong(page: Page, answer: Fetched, expected: tuple[str, str]) -> None:
    assert said(RIGHT | {page: answer}) == [expected]
    [found] = web(RIGHT | {page: answer}, WHOLE, HOST, "acme")
    assert found.fix


def test_a_policy_that_takes_leave() -> None:
    assert (
        said(RIGHT | {POLICY: Fetched("version: STSv1\nmode: none\nmax_age: 86400")})[0][0] == GOOD
    )


def test_nothing_is_served() -> None:
    found = dict.fromkeys(RIGHT, Fetched(why="connection refused"))
    assert said(found) == [(BAD, "Nothing is served over HTTPS: connection refused.")]


def test_names_that_the_certificate_lacks() -> None:
    assert said(RIGHT, Certificate(0, names=(HOST,))) == [
        (WARNING, f"The certificate is not for autoconfig.example.com, so nobody trusts the settings for mail programs at {AUTOCONFIG}."),
        (BAD, f"The certificate is not for mta-sts.example.com, so nobody trusts the policy for MTA-STS at {MTA_STS}."),
    ]  # fmt: skip
    assert said(RIGHT, Unknown("no right")) == [
        (UNKNOWN, "The names in the certificate cannot be seen: no right.")
    ]
