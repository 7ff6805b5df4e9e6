"""Where a request comes from, also behind proxies.  WEB.

Each proxy appends to `X-Forwarded-For` whom it talked to.  So with two proxies the second entry
from the right is the caller's address, and what stands before it the caller has made up.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.http import HttpRequest

from tasklog.conf import conf


def address_of(request: HttpRequest) -> str:
    """The caller's address; the peer's own where no proxy is trusted to tell another."""
    peer: str = request.META.get("REMOTE_ADDR") or ""
    count = conf().proxies
    if not count or not _is_proxy(peer):
        return peer
    told = request.headers.get("X-Forwarded-For", "").split(",")
    return (_address(told[-count]) if len(told) >= count else "") or peer


def _is_proxy(peer: str) -> bool:
    """May this peer tell whom it forwards?  One without an address came by a socket of ours."""
    allowed = conf().proxy_addresses
    if "*" in allowed or not peer:
        return True
    known = _address(peer)
    return bool(known) and any(
        ip_address(known) in ip_network(network, strict=False) for network in allowed
    )


def _address(text: str) -> str:
    """The address in its usual form; empty for anything else (`unknown`, a name, a port)."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return ""
    plain = getattr(found, "ipv4_mapped", None) or found
    return str(plain)
