"""Settings of the ready role: the proof that a host serves."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt, StrictStr

from firstlight.settings.section import Section
from firstlight.settings.value import Seconds, text, whole


class Ready(Section):
    """One streamed completion through the public URL, seen from the control machine."""

    timeout: Seconds = Field(
        default=120, description="How long the first streamed token may take, in seconds."
    )
    prompt: Annotated[StrictStr, text(r"(?s)(?=.*\S).{1,4000}", "1 to 4000 characters")] = Field(
        default="Say hello.", description="What the model is asked."
    )
    max_tokens: Annotated[StrictInt, AfterValidator(whole(1, 4096, "a number of tokens"))] = Field(
        default=16, description="Longest answer, in tokens."
    )
