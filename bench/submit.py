#!/usr/bin/env python3
"""Hand in messages over parallel connections, and tell how that went. Runs on the server itself.

It reads a job as JSON from standard input and writes a report as JSON. Connections are opened and
logged in before the clock starts, for what a login costs has nothing to do with a milter.
"""

import dataclasses
import json
import os
import smtplib
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aliases import alias_of
from letters import Letters

_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Job:
    """How many messages, over how many connections, from whom to whom, and what."""

    # Without a password it is another server's sender, and the messages come on port 25.
    login: str
    password: str
    # Without one, each message is for the alias that its number has.
    recipient: str
    messages: int
    connections: int
    size: int
    program: str = "Outlook"
    first: int = 1


@dataclasses.dataclass(frozen=True)
class Report:
    """How long all of it took, and each message from its end to the answer, in seconds.

    `processor` are the seconds of processor time that all processes of the server took, this
    program aside.
    """

    seconds: float
    processor: float
    latencies: list[float]


def connect(job: Job) -> smtplib.SMTP:
    """Return a connection as a mail program has it, or as another server."""
    if not job.password:
        client = smtplib.SMTP("127.0.0.1", 25, "client.example.org", timeout=_SECONDS)
        client.ehlo()
        return client
    # The certificate is the server's own.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = smtplib.SMTP_SSL(
        "127.0.0.1", 465, "client.example.org", timeout=_SECONDS, context=context
    )
    client.login(job.login, job.password)
    return client


class Submission:
    """One connection that takes any number of messages.

    MAIL, RCPT and DATA go in one packet: Postfix offers that and mail programs use it, and it
    leaves the processor to the server.
    """

    def __init__(self, job: Job) -> None:
        self._client = connect(job)
        self._letters = Letters(job.login, job.size, job.program)
        self._end = self._letters.body() + b".\r\n"
        self._job = job

    def send(self, number: int) -> float:
        """Return the seconds between the end of the message and the answer to it."""
        self._write(self._envelope(number))
        for code in (250, 250, 354):
            self._expect(code)
        self._write(self._letters.head(number) + self._end)
        sent = time.perf_counter()
        self._expect(250)
        return time.perf_counter() - sent

    def close(self) -> None:
        self._client.quit()

    def _envelope(self, number: int) -> bytes:
        recipient = self._job.recipient or alias_of(number)
        return f"MAIL FROM:<{self._job.login}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()

    def _write(self, data: bytes) -> None:
        assert self._client.sock
        self._client.sock.sendall(data)

    def _expect(self, code: int) -> None:
        answered, text = self._client.getreply()
        if answered != code:
            raise smtplib.SMTPResponseException(answered, text)


class _Numbers:
    """Hands out the messages one by one, so that all connections are busy until the last."""

    def __init__(self, job: Job) -> None:
        self._lock = threading.Lock()
        self._numbers = iter(range(job.first, job.first + job.messages))

    def __iter__(self) -> Iterator[int]:
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            yield number


def processor() -> float:
    """Return the processor time of all other processes here, and of those that have ended.

    An ended process counts with its parent from then on, so the sum only grows.
    """
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        if stat.parent.name == str(os.getpid()):
            continue
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # It has just ended.
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def submit(job: Job) -> Report:
    """Do a job; the clock runs from when all connections are ready to the last answer."""
    with ThreadPoolExecutor(job.connections) as pool:
        submissions = list(pool.map(Submission, [job] * job.connections))
        numbers = _Numbers(job)
        used, begin = processor(), time.perf_counter()
        parts = list(pool.map(lambda each: [each.send(number) for number in numbers], submissions))
        seconds, used = time.perf_counter() - begin, processor() - used
        list(pool.map(Submission.close, submissions))
    return Report(seconds, used, [latency for part in parts for latency in part])


def main() -> None:
    job = Job(**json.load(sys.stdin))
    try:
        report = submit(job)
    except (OSError, smtplib.SMTPException) as problem:
        sys.exit(f"the server did not take a message: {problem}")
    json.dump(dataclasses.asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
