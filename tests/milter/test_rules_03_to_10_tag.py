"""Rules 3 to 10: the tag in the Subject."""

from typing import Any

import pytest
from judging import LOGIN, Answer, ask, b, q, wire
from mailpopbox.words import shown, unfold

SHOP = "shop@example.com"


def subject(value: str, **knobs: Any) -> Answer:
    return ask(f"Subject: {value}", **knobs)


def goes_out(value: str) -> tuple[str, str]:
    """Return as which address a message of that Subject goes out, and with which Subject."""
    answer = subject(value)
    assert answer.decision.address is not None, answer.refusal
    return answer.decision.address, answer["Subject"]


@pytest.mark.parametrize(
    "tag",
    [
        "[sendas:shop]",
        "[SENDAS:shop]",
        "[SendAs:shop]",
        "[ sendas : shop ]",
        "[sendas: shop]",
        "[sendas\u00a0: shop]",
        "[\u2003sendas\u202f:\u3000shop\u00a0]",
        "[sendas:\tshop]",
        "[sendas:\r\n shop]",
        "[sendas\r\n\t:shop]",
        "[\r\n sendas:shop]",
        "[sendas:shop\n ]",
    ],
)
def test_rule_03_spellings_of_the_tag(tag: str) -> None:
    assert goes_out(f"{tag} hello") == (SHOP, "hello")
    assert goes_out(f"hello {tag}") == (SHOP, "hello")


@pytest.mark.parametrize("second", ["Subject: [sendas:shop] b", "subject: b", "SUBJECT: a"])
def test_rule_03_several_subjects_are_refused(second: str) -> None:
    assert ask("Subject: a", second).refusal == (
        "554 5.6.0 The message has several Subject headers. Send it with one."
    )


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("shop", "shop@example.com"),
        ("Shop", "Shop@example.com"),
        ("shop@example.net", "shop@example.net"),
        ("Shop@Example.NET", "Shop@Example.NET"),
        ("shop@bücher.example", "shop@xn--bcher-kva.example"),
        ("shop@BÜCHER.example", "shop@xn--bcher-kva.example"),
        ("shop@xn--bcher-kva.example", "shop@xn--bcher-kva.example"),
        ("own-1@example.org", "own-1@example.org"),
        ("a+b_c-d=e~f'g", "a+b_c-d=e~f'g@example.com"),
        ("#$&*/?^`{|}", "#$&*/?^`{|}@example.com"),
        ("a.b.c", "a.b.c@example.com"),
        ("1", "1@example.com"),
        ("x" * 64, "x" * 64 + "@example.com"),
        ("mailbox", LOGIN),
    ],
)
def test_rule_04_addresses_that_may_be_named(written: str, address: str) -> None:
    assert goes_out(f"[sendas:{written}] x") == (address, "x")


@pytest.mark.parametrize(
    "address",
    ["shop@example.org", "own@example.org", "taken@example.com", "shop@sub.example.com", "a@com"],
)
def test_rule_04_a_foreign_address_is_refused(address: str) -> None:
    assert subject(f"[sendas:{address}] x").refusal == (
        f"550 5.7.1 mailbox@example.com may not send as {address}. Use an address of your own, like"
        " [sendas:shop@example.com]."
    )


@pytest.mark.parametrize(
    ("inside", "sender"),
    [
        ("Jane Doe <shop>", "Jane Doe <shop@example.com>"),
        ("  Jane   Doe  < shop >  ", "Jane Doe <shop@example.com>"),
        ('"Jane Doe" <shop>', "Jane Doe <shop@example.com>"),
        ('"Doe, Jane" <shop>', '"Doe, Jane" <shop@example.com>'),
        ('"a] b" <shop>', '"a] b" <shop@example.com>'),
        (r'"say \"hi\"" <shop>', r'"say \"hi\"" <shop@example.com>'),
        (r'"back\\slash" <shop>', r'"back\\slash" <shop@example.com>'),
        ('5" disks <shop>', r'"5\" disks" <shop@example.com>'),
        ('" <shop>', r'"\"" <shop@example.com>'),
        ("<shop>", "shop@example.com"),
        ('"" <shop>', "shop@example.com"),
        ("Jane <shop@example.net>", "Jane <shop@example.net>"),
        ("Zoë <shop>", "=?utf-8?b?Wm/Dqw==?=\n <shop@example.com>"),
        ("me@example.org <shop>", '"me@example.org" <shop@example.com>'),
        ("J\x7f \x01 D\x1b <shop>", "J D <shop@example.com>"),
        ('"a" b <shop>', r'"\"a\" b" <shop@example.com>'),
        ('a "b" <shop>', r'"a \"b\"" <shop@example.com>'),
        ("me @ home, @ <shop>", '"me @ home, @" <shop@example.com>'),
        ("a <b> c <shop>", '"a <b> c" <shop@example.com>'),
        ("=?x <shop>", "=?utf-8?b?PT94?=\n <shop@example.com>"),
    ],
)
def test_rule_05_a_name_before_the_address(inside: str, sender: str) -> None:
    answer = subject(f"[sendas:{inside}] x", display_name="drop") if inside in {
        "<shop>", '"" <shop>'
    } else subject(f"[sendas:{inside}] x")  # fmt: skip
    assert answer["From"] == sender
    assert answer["Subject"] == "x"


@pytest.mark.parametrize(
    "name",
    [
        "mailbox@example.com",
        "MAILBOX@example.com",
        '"mailbox@example.com"',
        "Jane (mailbox@example.com)",
        "mailbox @ example.com",
        "mailbox%40example.com",
        "mailbox\uff20example.com",
        "mail\u200bbox@example.com",
        "mail\x01box@example.com",
        "shop@example.com",
        "Jane news@example.net",
        "news@bücher.example,",
        "own-2@example.org",
    ],
)
def test_rule_05_a_name_with_an_address_of_the_login_is_refused(name: str) -> None:
    assert subject(f"[sendas:{name} <shop>] x").refusal == (
        "554 5.6.0 The name in the tag holds an address of yours. Leave it out."
    )


def test_rule_05_nor_what_from_held_before() -> None:
    answer = ask("Subject: [sendas:jane@example.org <shop>]", "From: Jane@example.org")
    assert answer.refusal.startswith("554 5.6.0 The name in the tag holds")


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\n"])
def test_rule_05_a_name_with_a_line_break_is_refused(bad: str) -> None:
    value = f"{q(f'[sendas:Jane{bad}Bcc: x <shop>]')} x"
    assert "554 5.6.0 The tag in the Subject can't be used: the name in it holds" in (
        subject(value).refusal
    )


# The tag, as programs of all kinds may write it; each shows "ü [sendas:shop] ö".
ENCODED = {
    "raw UTF-8": "ü [sendas:shop] ö",
    "one B word": b("ü [sendas:shop] ö"),
    "one Q word": q("ü [sendas:shop] ö"),
    "upper-case B": b("ü [sendas:shop] ö").replace("?b?", "?B?"),
    "Q with _": "=?UTF-8?Q?=C3=BC_[sendas:shop]_=C3=B6?=",
    "Q with brackets escaped": "=?utf-8?q?=C3=BC_=5Bsendas=3Ashop=5D_=C3=B6?=",
    "Q with spaces": "=?utf-8?Q?=C3=BC [sendas:shop] =C3=B6?=",
    "plain between words": f"{b('ü')} [sendas:shop] {b('ö')}",
    "split in two": f"{b('ü [send')} {b('as:shop] ö')}",
    "split in two, folded": f"{b('ü [send')}\r\n {b('as:shop] ö')}",
    "folded with a tab": f"{b('ü [sendas:')}\r\n\t{b('shop] ö')}",
    "split by character": " ".join(b(c) for c in "ü [sendas:shop] ö"),
    "B and Q": f"{b('ü [sendas')} {q(':shop] ö')}",
    "two charsets": f"{b('ü [sen', 'iso-8859-1')} {b('das:shop] ö', 'utf-8')}",
    "within a character": "=?utf-8?B?w7wgW3NlbmRhczpzaG9wXSDD?= =?utf-8?B?tg==?=",
    "no space between words": f"{b('ü [sendas:')}{b('shop] ö')}",
    "language": b("ü [sendas:shop] ö").replace("utf-8", "utf-8*de"),
    "no padding": b("ü [sendas:shop] ö").replace("==?=", "?="),
    "windows-1252": q("ü [sendas:shop] ö", "windows-1252"),
    "iso-8859-15": b("ü [sendas:shop] ö", "ISO-8859-15"),
    "utf-16": b("ü [sendas:shop] ö", "utf-16"),
    "utf-7": "=?utf-7?Q?+APw-_+AFs-sendas:shop]_+APY-?=",
    "cp037, which is EBCDIC": b("ü [sendas:shop] ö", "cp037"),
    "per cent": "ü %5Bsendas:shop%5D ö",
    "per cent, all": "ü %5bsendas%3ashop%5d ö",
    "per cent, spaces": "ü %5B%20sendas:%20shop%20%5D ö",
    "per cent, the colon only": "ü [sendas%3Ashop] ö",
    "quoted-printable": "ü =5Bsendas=3Ashop=5D ö",
    "per cent, whole address": "ü %5Bsendas%3Ashop%40example.com%5D ö",
    "quoted-printable address": "ü =5Bsendas:=20shop=40example.com=5D ö",
}


@pytest.mark.parametrize("value", ENCODED.values(), ids=ENCODED)
def test_rule_06_the_tag_is_found_however_it_is_written(value: str) -> None:
    assert goes_out(value) == (SHOP, "=?utf-8?b?w7wgw7Y=?=")


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("iso-2022-jp", "ご注文の件"),
        ("shift_jis", "ご注文の件①"),
        ("gb2312", "您的订单"),
        ("gb18030", "您的订单𠮷"),
        ("big5", "您的訂單"),
        ("euc-kr", "주문하신"),
        ("koi8-r", "Ваш заказ"),
        ("windows-1251", "Ваш заказ"),
        ("windows-1252", "Größe “M”… 5 €"),
        ("utf-8", "🛍 ваш 注文"),
    ],
)
def test_rule_06_charsets(charset: str, text: str) -> None:
    raw = f"{text} [sendas:shop] {text}"
    octets = "cp932" if charset == "shift_jis" else charset
    for write in (b, q):
        value = write(raw, octets).replace("cp932", charset)
        address, left = goes_out(value)
        assert (address, shown(left).text) == (SHOP, f"{text} {text}")


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("gb2312", "gb18030", "訂單 €"),
        ("euc-kr", "cp949", "똠방각하"),
        ("iso-2022-jp", "iso2022_jp_ext", "ｱ"),
        ("big5", "big5hkscs", "㗎"),
    ],
)
def test_rule_06_charsets_under_the_name_of_a_smaller_one(
    charset: str, codec: str, text: str
) -> None:
    value = b(f"{text} [sendas:shop]", codec).replace(codec, charset)
    address, left = goes_out(value)
    assert (address, shown(left).text) == (SHOP, text)


UNDECODABLE = {
    "unknown charset": "=?x-none?Q?caf=E9?= {}",
    "unknown charset, the tag in it": "=?x-none?Q?{}?=",
    "not the charset it says": "=?utf-8?Q?caf=E9_{}?=",
    "raw Latin-1": wire(b"caf\xe9 {}"),
    "eight bits in ASCII": "=?us-ascii?Q?caf=E9_{}?=",
    "no charset of mail": "=?idna?Q?xn--a_{}?=",
    "no charset but a codec": r"=?unicode_escape?Q?\x41_{}?=",
    "another such": "=?raw-unicode-escape?Q?a_{}?=",
    "NUL in the charset": "=?utf-8\0?Q?{}?=",
    "odd charset": "=?ü?Q?{}?=",
    "half a surrogate": "=?utf-7?Q?+2AA-_{}?=",
}


@pytest.mark.parametrize("value", UNDECODABLE.values(), ids=UNDECODABLE)
def test_rule_06_what_cannot_be_decoded_is_refused_if_it_mentions_sendas(value: str) -> None:
    assert subject(value.format("[sendas:shop]")).refusal == (
        "554 5.6.0 The Subject mentions sendas but can't be decoded. Write it in another charset."
    )
    assert subject(value.format("[Send\u200bAs:shop]")).refusal.startswith("554 5.6.0")


@pytest.mark.parametrize("value", UNDECODABLE.values(), ids=UNDECODABLE)
def test_rule_06_else_untouched(value: str) -> None:
    value = value.format("hello")
    assert goes_out(value) == (LOGIN, value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[sendas:shop] hello world", "hello world"),
        ("hello [sendas:shop] world", "hello world"),
        ("hello world [sendas:shop]", "hello world"),
        ("hello  [sendas:shop]\t world", "hello world"),
        ("hello[sendas:shop] world", "hello world"),
        ("hello [sendas:shop]world", "hello world"),
        ("hello[sendas:shop]world", "helloworld"),
        ("[sendas:shop]hello", "hello"),
        ("hello[sendas:shop]", "hello"),
        ("[sendas:shop]", ""),
        ("  [sendas:shop]  ", ""),
        ("[sendas:shop] [sendas:shop]", ""),
        ("a [sendas:shop][sendas:shop] b", "a b"),
        ("a[sendas:shop] [sendas:shop]b", "a b"),
        ("a[sendas:shop][sendas:shop]b", "ab"),
        ("[sendas:shop] a [sendas:shop] b [sendas:shop]", "a b"),
        ("  a [sendas:shop] b  ", "a b"),
        ("a  b [sendas:shop] c   d", "a  b c   d"),
        ("Re: [sendas:shop] [list] hello", "Re: [list] hello"),
        (f"{b('ü')} [sendas:shop] {b('ö')}", b("ü ö")),
        (f"{b('ü')} {b('[sendas:shop]')} {b('ö')}", b("üö")),
        (f"{b('ü')} {b(' [sendas:shop] ')} {b('ö')}", b("ü ö")),
        (f"{b('ü [sendas:shop]')} {b('ö')}", b("ü ö")),
        (f"{b('ü')}[sendas:shop]{b('ö')}", b("üö")),
        (f"[sendas:shop] {b('ü')}\r\n {b('ö')}", b("üö")),
        (f"[sendas:shop] {b('ü')} a {b('ö')}", b("ü a ö")),
        (f"{b('ü')}\u00a0{b('ö')} [sendas:shop]", b("ü\u00a0ö")),
        (f"{b('plain')} [sendas:shop]", "plain"),
        ("a\tb [sendas:shop]", "a\tb"),
        ("a\r\n\tb [sendas:shop]", "a\tb"),
        ("a\r\n b\r\n [sendas:shop]", "a b"),
        (f"{q('=?utf-8?q?x?=')} [sendas:shop]", b("=?utf-8?q?x?=")),
        ("what?= [sendas:shop]", "what?="),
        ("=?utf-8?Q?a?b?= [sendas:shop]", "a?b"),
        ("=?utf-8?Q?a =?utf-8?Q?b?= [sendas:shop]", b("=?utf-8?Q?a b")),
        ("=?utf-8?X?a?= [sendas:shop]", b("=?utf-8?X?a?=")),
        ("=?utf-8?B?YWJ?= [sendas:shop]", "ab"),
        ("=?utf-8?B?Y*WI=?= [sendas:shop]", "ab"),
        ("=?utf-8?B?YWJjZ?= [sendas:shop]", "abc"),
        ("=?utf-8?Q?a=ZZb=4?= [sendas:shop]", "a=ZZb=4"),
        ("=?utf-8?Q??= x [sendas:shop]", "x"),
        ("=?*de?Q?a?= =?utf-8?Q?b?= x", None),
    ],
)
def test_rule_07_what_is_left_of_the_subject(before: str, after: str | None) -> None:
    if after is None:
        assert goes_out(before) == (LOGIN, before)
    else:
        assert goes_out(before) == (SHOP, after)


def test_rule_07_a_long_subject_is_folded() -> None:
    words = " ".join(["shopping"] * 30)
    left = goes_out(f"[sendas:shop] {words}")[1]
    assert unfold(left) == words
    assert [len(line) for line in f"Subject: {left}".split("\n")] == [71, 72, 72, 63]


def test_rule_07_a_long_subject_in_words_is_folded() -> None:
    text = "ü" * 200
    left = goes_out(f"[sendas:shop] {text}")[1]
    assert shown(left) == shown(text)
    assert max(len(line) for line in f"Subject: {left}".split("\n")) <= 76


@pytest.mark.parametrize("long", ["x" * 2000, "a" + " " * 2000 + "b", "x" * 901])
def test_rule_07_what_no_line_holds_is_encoded(long: str) -> None:
    left = goes_out(f"[sendas:shop] {long}")[1]
    assert left.startswith("=?utf-8?b?")
    assert shown(left).text == long


def test_rule_07_a_word_that_a_line_holds_is_not() -> None:
    assert goes_out("[sendas:shop] " + "x" * 900)[1] == "x" * 900


def test_rule_07_outlook_repeats_the_subject_in_thread_topic() -> None:
    topics = ["Thread-Topic: [sendas:shop] x", "thread-topic: x", "Thread-Index: AQ=="]
    answer = ask("Subject: [sendas:shop] x", *topics)
    assert answer.all("thread-topic") == []
    assert answer["Thread-Index"] == "AQ=="
    assert ask("Subject: x", *topics).all("thread-topic") == ["[sendas:shop] x", "x"]


@pytest.mark.parametrize(
    "value",
    [
        "hello",
        "",
        " ",
        "  two   spaces  ",
        "folded\r\n \tas it was",
        b("ü") + "\r\n " + q("ö", "iso-8859-1"),
        wire(b"caf\xe9 \xff"),
        "[list] sendas:shop",
        "sendas: how does it work?",
        "[sendas] is a tag",
        "[sendas shop]",
        "[re-sendas:shop]",
        "[resendas:shop]",
        "sendas:shop]",
        "(sendas:shop)",
        "[send as:shop]",
        "[sendas;shop]",
        "ünï raw",
        "=?utf-8?Q?broken",
        "=?utf-8?q?a?b",
        "100 %5B and =5B",
    ],
)
def test_rule_08_no_tag_no_touch(value: str) -> None:
    answer = subject(value)
    assert answer["Subject"] == value
    assert answer.decision.address == LOGIN


@pytest.mark.parametrize(
    ("value", "sender", "left"),
    [
        ("[sendas:shop] a [sendas:shop]", "Jane Doe <shop@example.com>", "a"),
        ("[sendas:Shop] a [sendas:SHOP@EXAMPLE.com]", "Jane Doe <Shop@example.com>", "a"),
        ("[sendas:shop@example.com] a [sendas:shop]", "Jane Doe <shop@example.com>", "a"),
        ("[sendas:A <shop>] a [sendas:B <shop>]", "A <shop@example.com>", "a"),
        ("[sendas:shop] a [sendas:B <shop>]", "B <shop@example.com>", "a"),
        ("[sendas:a@bücher.example][sendas:a@xn--bcher-kva.example]",
         "Jane Doe <a@xn--bcher-kva.example>", ""),
    ],
)  # fmt: skip
def test_rule_09_the_same_address_several_times(value: str, sender: str, left: str) -> None:
    answer = subject(value)
    assert (answer["From"], answer["Subject"]) == (sender, left)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("[sendas:shop] [sendas:news]", "shop@example.com and news@example.com"),
        ("[sendas:a][sendas:b] [sendas:A] [sendas:c]",
         "a@example.com, b@example.com and c@example.com"),
        ("[sendas:shop] [sendas:shop@example.net]", "shop@example.com and shop@example.net"),
        ("[sendas:shop] [sendas:shop@evil.example]", "shop@example.com and shop@evil.example"),
    ],
)  # fmt: skip
def test_rule_09_different_addresses_are_refused(value: str, named: str) -> None:
    assert subject(value).refusal == (f"550 5.7.1 The Subject names {named}. Leave one tag in it.")


def test_rule_09_a_refusal_fits_into_a_reply() -> None:
    many = " ".join(f"[sendas:{number}{'x' * 50}]" for number in range(100))
    assert len(subject(many).refusal) == 500


BAD_TAGS = {
    "it names no address": ["[sendas:]", "[sendas: ]", "[sendas:<>]", "[sendas:Jane <>]"],
    "it has no closing bracket": [
        "[sendas:shop", "[sendas:", "x [sendas:shop x", "%5Bsendas:shop", "[sendas:shop) [x",
        "[sendas:shop\uff3d", '[sendas:"shop',
    ],
    "another one begins within it": [
        "[sendas:[sendas:shop]]", '[sendas:a" <shop>] and [sendas:b" <news>]',
        "[sendas:x \uff3bsendas:y]", "[sendas:%5Bsendas:shop%5D",
    ],
    "what it names is not an address, or has characters that none should have": [
        "[sendas:shop shop]", "[sendas:-shop]", "[sendas:a%b]", "[sendas:a!b]", "[sendas:.a]",
        "[sendas:a.]", "[sendas:a..b]", "[sendas:shöp]", "[sendas:@example.com]", "[sendas:a,b]",
        '[sendas:"a b"@example.com]', "[sendas:a\\b]", "[sendas:shop\\]", "[sendas:(x)shop]",
        "[sendas:a;b]", "[sendas:a:b]", "[sendas:Jane <shop> x]", "[sendas:shop>]",
        "[sendas:<shop]", "[sendas:sh\u200bop]", "[sendas:\u200bshop]", "[sendas:[shop]]",
        "[sendas:shop @example.com]", '[sendas:""]', '[sendas:"shop"]', "[sendas:a%40example.com]",
        "[sendas:\uff53hop]", "[sendas:a\0b]",
    ],
    "the part before the @ is longer than 64 characters": [
        f"[sendas:{'x' * 65}]", f"[sendas:{'x' * 65}@example.com]",
    ],
    "what stands behind the @ is not a domain": [
        "[sendas:shop@]", "[sendas:shop@example.com.]", "[sendas:a@.com]",
        "[sendas:a@b@example.com]",
        "[sendas:a@b.example,c@example.com]", "[sendas:a@-x.example]", "[sendas:a@[127.0.0.1]",
        "[sendas:a@ example.com]", "[sendas:a@exa_mple.com]", f"[sendas:a@{'x' * 64}.example]",
        f"[sendas:a@{'x.' * 200}example]", "[sendas:a@x\u3002\u3002y]",
        f"[sendas:a@{'ü' * 3000}]",
    ],
    "the brackets or the colon around sendas are not the plain ones, or something hides between"
    " them": [
        "\uff3bsendas:shop\uff3d", "\uff3bsendas:shop]", "[sendas\uff1ashop]", "[\uff53endas:shop]",
        "\u3010sendas:shop\u3011", "[\u200bsendas:shop]", "[sendas\u200b:shop]",
        "[send\u200bas:shop]", "[send\u00adas:shop]", "[sendas\ufe55shop]", "[\ufeffsendas:shop]",
        "[send[sendas:shop]as:x]", "%5Bsend[sendas:shop]as:x%5D", b("\uff3bsendas\uff1ashop\uff3d"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "reason"), [(value, why) for why, values in BAD_TAGS.items() for value in values]
)
def test_rule_10_what_starts_like_a_tag_and_is_none_is_refused(value: str, reason: str) -> None:
    for text in (value, f"Re: {value} x"):
        assert subject(text).refusal == (
            f"554 5.6.0 The tag in the Subject can't be used: {reason}."
            " Write it like [sendas:shop] or [sendas:shop@example.com]."
        )


def test_rule_10_one_bad_tag_among_good_ones_is_enough() -> None:
    assert "no address" in subject("[sendas:shop] [sendas:]").refusal
