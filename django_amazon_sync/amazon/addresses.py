"""Where a document may be: Amazon names the address, and must not send us round our own network.

An answer that was forged, or a name that leads elsewhere a moment later (DNS rebinding), would
else let a stranger ask what only this host can reach: its own services, its neighbours', what the
cloud says of it. So it is the address of the connection that is looked at, not what its name stood
for before.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NoReturn
from urllib.parse import urlsplit

from django_amazon_sync.errors import Unavailable

# Networks in which an IPv6 address carries one of IPv4 in its last bits.
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("::/96"))


class Places:
    """Where documents may be: in public, by https; where the endpoint is, also as it is."""

    def __init__(self, operation: str, endpoint: str) -> None:
        self._operation = operation
        self._endpoint = urlsplit(endpoint)

    def check(self, url: str) -> None:
        """What the address itself tells, as requests has prepared it. Raises Unavailable."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            # What a system reads as a number: 127.1, 0x7f000001. A proxy would follow it as well.
            number = _number(host)
        except ValueError:
            self._refuse()
        if parts.scheme == "http" and self._endpoint.scheme != "http":
            raise Unavailable(
                self._operation,
                "Amazon named an address without encryption for the document; it was not asked.",
                sent=False,
            )
        if host != self._endpoint.hostname and _is_own_name(host):
            self._refuse()
        if number is not None:
            self.check_peer(number)

    def check_peer(self, address: str) -> None:
        """The address that a connection has. Raises Unavailable."""
        if not is_public(address) and _plain(address) not in self._addresses_of_endpoint():
            self._refuse()

    def _addresses_of_endpoint(self) -> set[IPv4Address | IPv6Address]:
        try:
            found = socket.getaddrinfo(self._endpoint.hostname, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return set()
        return {_plain(str(entry[4][0])) for entry in found}

    def _refuse(self) -> NoReturn:
        raise Unavailable(
            self._operation,
            "Amazon named an address in a private network for the document; it was not asked.",
            sent=False,
        )


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet."""
    plain = _plain(address)
    return plain.is_global and not plain.is_multicast


def _plain(address: str) -> IPv4Address | IPv6Address:
    """The address, of IPv4 where it stands for one of it."""
    read = ip_address(address.partition("%")[0])
    if isinstance(read, IPv4Address):
        return read
    if read.ipv4_mapped or read.sixtofour:
        return read.ipv4_mapped or read.sixtofour or read
    if int(read) > 1 and any(read in network for network in _TRANSLATED):
        return IPv4Address(int(read) & 0xFFFFFFFF)
    return read


def _is_own_name(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _number(host: str) -> str | None:
    """The host as an IP address, if it is one. Raises ValueError for what is no host: a NUL."""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None
