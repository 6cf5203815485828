"""Who calls: the address behind our own proxies, which a caller cannot invent."""

from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
# What one household or office is given: whoever has one address of it has all.
PREFIX = 64


def is_from_proxy(request: HttpRequest) -> bool:
    """Does one of our proxies speak to us? A Unix socket has no address, and is theirs."""
    peer = request.META.get("REMOTE_ADDR", "")
    if not peer:
        return True
    address = _read(peer)
    networks = map(_network, settings.PROXY_ADDRESSES)
    return address is not None and any(address in network for network in networks)


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from, as the last of our own `PROXIES` saw it; for IPv6 the first address of
    its /64. None where no proxy said it.

    Each proxy appends to `X-Forwarded-For` the address it was called from: what stands further left was
    written by the caller, who may invent it.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    seen = [peer]
    if settings.PROXIES and is_from_proxy(request):
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        seen = [*forwarded, peer][: -settings.PROXIES]
    address = _read(seen[-1]) if seen else None
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, PREFIX), strict=False).network_address)
    return str(address) if address else None


def _read(text: str) -> Address | None:
    """`93.34.1.2`, `93.34.1.2:51324`, `2001:db8::1` or `[2001:db8::1]:443`; None if it is no address."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


@cache
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
