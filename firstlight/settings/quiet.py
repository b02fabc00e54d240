"""Names of alerts, and reasons why one is off."""

from __future__ import annotations

import difflib
from typing import Annotated

from pydantic import AfterValidator, StrictStr

from firstlight.catalogue.observed import alert_names
from firstlight.settings.value import text, wrong


def _known(name: str) -> str:
    if name not in alert_names():
        nearest = difflib.get_close_matches(name, sorted(alert_names()), 1)
        meant = f'did you mean "{nearest[0]}"?' if nearest else ""
        raise wrong("the name of an alert (docs/alert-list.md has them all)", meant)
    return name


AlertName = Annotated[StrictStr, AfterValidator(_known)]
Reason = Annotated[
    StrictStr, text(r"\S.*\S", "a reason in words: whoever reads it later asks why it is off")
]
