"""What somebody outside may write to make the ledger fail, grow, or name a wrong alias."""

import pytest
from leaving import left, sender_of, somebody
from messages import parse, token
from probe import Server
from remembering import LOGIN, alias, answer, incoming, refusal, rows, submit

ODD_IDS = {
    "none at all": b"",
    "an empty one": b"Message-ID:\r\n",
    "900 octets": b"Message-ID: <" + b"x" * 900 + b"@somewhere.test>\r\n",
    "SQL": b"Message-ID: <a'); DROP TABLE message; --@somewhere.test>\r\n",
    "quotes": b'Message-ID: <"a b"@somewhere.test>\r\n',
    "placeholders": b"Message-ID: <%s?:1{}@somewhere.test>\r\n",
    "a comment": b"Message-ID: <a(comment)@somewhere.test>\r\n",
    "no brackets": b"Message-ID: a@somewhere.test\r\n",
    "no at sign": b"Message-ID: <a>\r\n",
    "octets that are no text": b"Message-ID: <\xff\xfe@somewhere.test>\r\n",
    "two of them": b"Message-ID: <1@somewhere.test>\r\nMessage-ID: <2@somewhere.test>\r\n",
    "one folded": b"Message-ID:\r\n <1\r\n @somewhere.test>\r\n",
}


@pytest.mark.parametrize("odd", ODD_IDS.values(), ids=ODD_IDS)
def test_whatever_its_id_the_answer_keeps_the_alias(server: Server, odd: bytes) -> None:
    """A stranger may not write so that the answer shows the login."""
    shop, friend, word = alias(), somebody(), token()
    head = f"From: a@somewhere.test\r\nTo: {shop}\r\nSubject: {word}\r\n".encode()
    server.send(head + odd + b"\r\nHello\r\n", sender="a@somewhere.test", to=[shop])
    fetched = parse(server.wait_for_raw(LOGIN, word))
    submit(server, answer(fetched), friend)
    assert sender_of(left(server, friend)) == shop


def test_a_strangers_tag_does_not_choose_the_address(server: Server) -> None:
    """The answer has it in its Subject, behind Re:."""
    shop, friend = alias(), somebody()
    message = incoming(shop, subject=f"Offer [sendas:{LOGIN}]")
    server.send(message)
    said = refusal(server, answer(message), friend)
    assert said.startswith("550 5.7.1 You answer mail that came with a tag in its Subject")
    mended = answer(message)
    mended.replace_header("Subject", "Re: Offer")
    submit(server, mended, friend)
    assert sender_of(left(server, friend)) == shop


def test_a_reused_id_names_all_aliases_and_sends_nothing(server: Server) -> None:
    """Somebody who knows the id of a message may not choose which alias is shown."""
    first, second = sorted((alias(), alias()))
    message_id = f"<{token()}@somewhere.test>"
    for shop in (first, second):
        server.send(incoming(shop, message_id=message_id))
    said = refusal(server, answer(incoming(first, message_id=message_id)), somebody())
    assert f"came in for {first} and {second}." in said


def test_a_hundred_aliases_in_one_message(server: Server) -> None:
    aliases = [alias() for _ in range(100)]
    message = incoming(*aliases)
    server.send(message)
    places = ", ".join("?" * len(aliases))
    sql = f"SELECT count(*) FROM address WHERE address IN ({places})"  # noqa: S608 (no values)
    assert rows(server, sql, *aliases) == [[100]]
    said = refusal(server, answer(message), somebody())
    assert said.startswith("550 5.7.1 This reply answers mail that came in for ")
    first = sorted(aliases)[:10]
    tags = [f"[sendas:{address.partition('@')[0]}]" for address in first[:3]]
    assert said.endswith(
        f" {', '.join(first)} and 90 more. Add {' or '.join(tags)} to the Subject."
    )


def test_hundreds_of_ids_in_one_header(server: Server) -> None:
    shop, friend = alias(), somebody()
    message = incoming(shop)
    server.send(message)
    many = "\r\n ".join(f"<{number}.{token()}@somewhere.test>" for number in range(700))
    reply = answer(message, References=many.replace("\r\n", ""))
    submit(server, reply, friend)
    assert sender_of(left(server, friend)) == shop


def test_sql_in_every_field(server: Server) -> None:
    evil = "x'); DROP TABLE address; --"
    shop = alias()
    server.send(
        f'From: "{evil}" <"{evil}"@somewhere.test>\r\nTo: {shop}\r\nSubject: {evil}\r\n'
        f"Message-ID: <{token()}{evil}@somewhere.test>\r\n\r\n{evil}\r\n".encode(),
        sender="x'--@somewhere.test",
        to=[shop, "x'--@example.com"],
    )
    assert rows(server, "SELECT first_domain FROM address WHERE address = ?", shop) == [
        ["somewhere.test"]
    ]
    assert rows(server, "SELECT address FROM address WHERE address = ?", "x'--@example.com")


def test_nothing_private_is_kept(server: Server) -> None:
    """No Subject, no body, no sender's local part, no Message-ID in clear."""
    shop, words = alias(), [token() for _ in range(4)]
    server.send(
        f"From: {words[0]}@somewhere.test\r\nTo: {shop}\r\nSubject: {words[1]}\r\n"
        f"Message-ID: <{words[2]}@somewhere.test>\r\n\r\n{words[3]}\r\n".encode(),
        sender=f"{words[0]}@somewhere.test",
        to=[shop],
    )
    assert rows(server, "SELECT received FROM address WHERE address = ?", shop) == [[1]]
    tables = ("address", "correspondent", "message", "mailbox", "exception")
    everything = str([rows(server, f"SELECT * FROM {table}") for table in tables])  # noqa: S608
    for word in words:
        assert word not in everything
