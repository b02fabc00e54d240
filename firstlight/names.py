"""Which names a certificate is for, as clients compare them (RFC 9525)."""

from __future__ import annotations

import ipaddress

from cryptography import x509


def listed(leaf: x509.Certificate) -> list[str]:
    """The DNS names and addresses of ``leaf``; the subject's common name counts for nothing."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = found.get_values_for_type(x509.IPAddress)
    return [*found.get_values_for_type(x509.DNSName), *map(str, addresses)]


def covers(leaf: x509.Certificate, name: str) -> bool:
    """Whether a client that asked for ``name`` takes ``leaf``.

    ``*`` stands for exactly one label, the first one.
    """
    try:
        return str(ipaddress.ip_address(name)) in listed(leaf)
    except ValueError:
        below = name.lower().partition(".")[2]
        wanted = {name.lower(), f"*.{below}"} if below else {name.lower()}
        return any(each.lower() in wanted for each in listed(leaf))
