"""How near an address is: the internet, the organisation's network, this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Reach(IntEnum):
    """Where an address leads; a redirect must not lead nearer than the address that the operator wrote."""

    INTERNET = 0
    NETWORK = 1
    MACHINE = 2


@dataclass(frozen=True, kw_only=True)
class Address:
    """A numeric address of a host, and where it leads."""

    ip: str
    reach: Reach


Resolve = Callable[[str, int], Sequence[Address]]
"""Looks a host name up; OSError when there is none."""

_EMBEDDED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""IPv6 that carries an IPv4 address in its last 32 bits (RFC 6052, RFC 4291)."""


def reach(text: str) -> Reach:
    """Where a numeric address leads; what is neither public nor private counts as this machine."""
    ip = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and any(ip in network for network in _EMBEDDED) and int(ip) > 1:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return reach(str(inner))
    if ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip.is_reserved:
        return Reach.MACHINE
    return Reach.INTERNET if ip.is_global else Reach.NETWORK


def resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host as the system finds them, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(ip=ip, reach=reach(ip)) for ip in dict.fromkeys(str(entry[4][0]) for entry in found)]
