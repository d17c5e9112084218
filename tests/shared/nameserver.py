"""A name server on this machine: real questions and answers, over real sockets.

It answers for the zones that it is given, or as somebody who has heard of them (`own=False`), or
as broken as a test wants it.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.zone

Reply = dns.message.Message | bytes | None
Answerer = Callable[[dns.message.QueryMessage], Reply]


def zone(name: str, text: str) -> dns.zone.Zone:
    """Read a zone; it gets a beginning and a name server, which is the machine of the tests."""
    start = f"$TTL 60\n@ SOA ns x 1 1 1 1 1\n@ NS ns.{name}.\nns A 127.0.0.2\n"
    return dns.zone.from_text(start + text, origin=name, relativize=False)


def answers_of(*zones: dns.zone.Zone, own: bool = True) -> Answerer:
    """Return what answers from zones as a server of theirs, or as a resolver."""

    def answer(question: dns.message.QueryMessage) -> Reply:
        reply = dns.message.make_response(question)
        name, kind = question.question[0].name, question.question[0].rdtype
        holding = [each for each in zones if name.is_subdomain(each.origin or dns.name.root)]
        if not holding:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        reply.flags |= dns.flags.AA if own else dns.flags.RA
        found = max(holding, key=lambda each: len(each.origin or ()))
        for _ in range(9):
            rrset = found.get_rrset(name, kind)
            alias = found.get_rrset(name, "CNAME")
            if rrset or not alias:
                break
            reply.answer.append(alias)
            name = alias[0].target
        if rrset:
            reply.answer.append(rrset)
        elif not reply.answer:
            if not any(each.is_subdomain(name) for each in found):
                reply.set_rcode(dns.rcode.NXDOMAIN)
            start = found.get_rrset(found.origin or "@", "SOA")
            reply.authority += [start] if start else []
        return reply

    return answer


def failing(code: dns.rcode.Rcode) -> Answerer:
    def answer(question: dns.message.QueryMessage) -> Reply:
        reply = dns.message.make_response(question)
        reply.set_rcode(code)
        return reply

    return answer


def garbled(question: dns.message.QueryMessage) -> Reply:
    return question.to_wire()[:5]


def contradicting(question: dns.message.QueryMessage) -> Reply:
    """Answer, and say that there is no such name."""
    reply = dns.message.make_response(question)
    name = question.question[0].name
    reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", '"there"'))
    reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply


def silent(_question: dns.message.QueryMessage) -> Reply:
    return None


@contextmanager
def serving(servers: Mapping[str, Answerer]) -> Iterator[int]:
    """Serve at addresses of this machine, on one free port of all of them."""
    with ExitStack() as stack:
        port = 0
        for address, answerer in servers.items():
            stream = stack.enter_context(socket.create_server((address, port)))
            port = stream.getsockname()[1]
            datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            datagrams.bind((address, port))
            for serve, listener in ((_serve_udp, datagrams), (_serve_tcp, stream)):
                thread = threading.Thread(target=serve, args=(listener, answerer))
                thread.start()
                stack.callback(thread.join)
            # What makes the two end, before they are waited for.
            stack.callback(datagrams.sendto, b"", (address, port))
            stack.callback(stream.shutdown, socket.SHUT_RDWR)
        yield port


def _serve_udp(listener: socket.socket, answerer: Answerer) -> None:
    while True:
        octets, client = listener.recvfrom(65535)
        if not octets:
            return
        reply = answerer(dns.message.from_wire(octets))  # type: ignore[arg-type]
        if isinstance(reply, bytes):
            listener.sendto(reply, client)
        elif reply:
            sent = reply.to_wire(max_size=65535)
            if len(sent) > 1232:
                short = dns.message.make_response(dns.message.from_wire(octets))
                short.flags = reply.flags | dns.flags.TC
                sent = short.to_wire()
            listener.sendto(sent, client)


def _serve_tcp(listener: socket.socket, answerer: Answerer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # shut down
            return
        with connection, connection.makefile("rb") as stream:
            [length] = struct.unpack("!H", stream.read(2))
            reply = answerer(dns.message.from_wire(stream.read(length)))  # type: ignore[arg-type]
            sent = reply.to_wire(max_size=65535) if isinstance(reply, dns.message.Message) else b""
            connection.sendall(struct.pack("!H", len(sent)) + sent)
