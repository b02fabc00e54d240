"""Who a source of the firewall's settings is: the addresses behind a word."""

from __future__ import annotations

import ipaddress

from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.value import is_ip

ANYWHERE, ADMIN = "anywhere", "admin"


def addresses_of(host: HostSettings) -> tuple[str, ...]:
    """Return the addresses from which ``host`` asks others; none where only its name is known."""
    own = (host.reached_at,) if is_ip(host.reached_at) else ()
    return tuple(dict.fromkeys((*own, *host.firewall.addresses)))


def members(word: str, site: Site) -> list[HostSettings] | None:
    """Return the hosts that ``word`` names, a group or a host; None where it is neither.

    A group without hosts is not known: an inventory names it nowhere.
    """
    if word in site:
        return [site[word]]
    found = [host for host in site.values() if word in host.groups]
    return found or None


def is_network(word: str) -> bool:
    """Whether ``word`` is a network or an address."""
    try:
        ipaddress.ip_network(word)
    except ValueError:
        return False
    return True


def networks(word: str, host: HostSettings, site: Site) -> tuple[str, ...]:
    """Return the networks behind ``word`` for ``host``; none for anywhere.

    The settings were checked: every host that is named has an address.
    """
    if word == ANYWHERE:
        return ()
    if word == ADMIN:
        return host.firewall.admin
    if is_network(word):
        return (word,)
    found = members(word, site) or []
    return tuple(dict.fromkeys(each for member in found for each in addresses_of(member)))


def said(word: str, site: Site) -> str:
    """Return ``word`` as rules and reports name it."""
    if word == ADMIN:
        return "admin networks"
    if word in site:
        return f"host {word}"
    return word if word == ANYWHERE or is_network(word) else f"group {word}"
