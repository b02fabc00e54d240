"""Settings of logs: whether the hosts' journals are sent to the monitors."""

from __future__ import annotations

from pydantic import ByteSize, Field

from firstlight.settings.section import Section
from firstlight.settings.value import Flag, HighPort, Size


class Logs(Section):
    """The hosts' journals, kept on the monitors."""

    enabled: Flag = Field(default=False, description="Whether journals are sent to the monitors.")
    port: HighPort = Field(
        default=19532, description="TCP port at which a monitor takes the journals of others."
    )
    keep: Size = Field(
        default=ByteSize(5_000_000_000), description="Size at which a monitor drops the oldest."
    )
