"""Settings of the firewall: who may administer the host, and what is open beside the roles' ports."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictInt, StrictStr

from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Listed, Port, text, whole, wrong

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
"""Networks that no stranger is in: who administers a host comes from them, unless said otherwise."""


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        pass
    try:
        whole_one = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise wrong("a network or an address (examples: 10.1.0.0/16, 192.168.1.7)") from None
    raise wrong(f"a network without bits of a host (example: {whole_one})")


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise wrong("an IP address (example: 10.0.0.10)") from None


Network = Annotated[StrictStr, AfterValidator(_network)]
Address = Annotated[StrictStr, AfterValidator(_address)]
Interface = Annotated[
    StrictStr,
    text(r"[A-Za-z0-9_.@-]{1,15}\*?", "the name of a network interface (example: virbr0)"),
]
Why = Annotated[
    StrictStr,
    text(r"[A-Za-z0-9 ,.;:/()_'+-]{3,100}", "a reason of 3 to 100 characters, without quotes"),
]
Count = Annotated[StrictInt, AfterValidator(whole(16, 65535, "a number of connections"))]
Source = Annotated[
    StrictStr,
    text(
        r"\S{1,253}",
        'who may: "anywhere", "admin", a group or a host of the inventory, a network or an address',
    ),
]


class Allow(Section):
    """One further opening: what runs there is the operator's own."""

    model_config = ConfigDict(populate_by_name=True)

    ports: Annotated[tuple[Port, ...], Listed] = Field(
        default=(), description="The ports that are open, of tcp and udp."
    )
    protocol: Literal["tcp", "udp", "gre", "esp", "ah", "vrrp", "sctp"] = Field(
        default="tcp", description="tcp or udp, or a protocol as a whole (vrrp: keepalived)."
    )
    source: Source = Field(
        alias="from",
        description='Who may reach them: "anywhere", "admin" (the admin networks), a group or a host '
        "of the inventory, a network or an address.",
    )
    why: Why = Field(description="What it is for; it stands in the rule and in the audit.")


class Forward(Section):
    """Packets that the host may pass on between two of its interfaces."""

    model_config = ConfigDict(populate_by_name=True)

    source: Interface = Field(alias="from", description="Interface they come in by.")
    to: Interface = Field(description="Interface they leave by.")
    why: Why = Field(description="What it is for.")


class Firewall(Section):
    """One nftables table of firstlight's own: what no role and no entry here declares is dropped."""

    enabled: Flag = Field(
        default=True, description="Whether firstlight has a firewall on the host."
    )
    admin: Annotated[tuple[Network, ...], Listed, Field(min_length=1)] = Field(
        default=PRIVATE,
        description="Networks that SSH is let in from; by default all private ones.",
    )
    ssh_port: Port = Field(default=22, description="TCP port at which the host's sshd listens.")
    allow: Annotated[tuple[Allow, ...], Listed] = Field(
        default=(), description="Ports that are open beside those which roles need."
    )
    forward: Annotated[tuple[Forward, ...], Listed] = Field(
        default=(), description="What is forwarded, beside answers: nothing without it."
    )
    addresses: Annotated[tuple[Address, ...], Listed] = Field(
        default=(),
        description="Addresses from which the host asks other hosts of the inventory, beside the one "
        "at which it is reached.",
    )
    connections: Count = Field(
        default=1024, description="Connections that one address may have to the edge at a time."
    )
    take_over: Flag = Field(
        default=False,
        description="Whether ufw or firewalld, where one is active, is switched off in favour of this.",
    )
    confirm_seconds: Annotated[StrictInt, AfterValidator(whole(5, 600, "a time in seconds"))] = (
        Field(
            default=30,
            description="How long a change of the firewall, of sshd or of the network's settings waits for "
            "a new SSH connection before the state of before comes back.",
        )
    )
