"""Settings of a host's hardening: on, with single controls off for a reason that is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

from firstlight.catalogue.controls import Control, controls
from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Size, wrong


def _reason(value: str) -> str:
    plain = " ".join(value.split())
    if not plain:
        raise wrong("the reason why it is off: the audit shows it")
    return plain


Reason = Annotated[StrictStr, AfterValidator(_reason), Field(max_length=500)]


class Hardening(Section):
    """What is made of the host so that a break-in is harder, and gets less far."""

    enabled: Flag = Field(default=True, description="Whether the host is hardened at all.")
    off: dict[str, Reason] = Field(
        default_factory=dict,
        description="Controls that are neither applied nor audited: id to the reason why.",
    )
    auditd: Flag = Field(
        default=False, description="Whether auditd records changes of accounts, sudo and services."
    )
    journal: Size | None = Field(
        default=None,
        description="The most that the journal takes on disk; by default a twentieth of its "
        "file system, 256 MiB at least and 4 GiB at most.",
    )

    def off_because(self, control: str) -> str:
        """Why ``control`` is off; empty where it is on."""
        return self.off.get(control, "" if self.enabled else "hardening.enabled is False")

    def asked(self, control: Control) -> bool:
        """Whether ``control`` is in force: not switched off, and asked for if it must be."""
        if self.off_because(control.id):
            return False
        return not control.asked or (control.id == "auditd" and self.auditd)

    @property
    def controls(self) -> tuple[Control, ...]:
        """The controls in force, in the order of the catalogue."""
        return tuple(each for each in controls().values() if self.asked(each))
