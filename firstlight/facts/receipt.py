"""The receipt on a host and the installed versions that belong into one."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
path=$1; shift
echo "os=$(. /etc/os-release; echo "$PRETTY_NAME")"
echo "kernel=$(uname -r)"
dpkg-query -W -f 'package=${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null
[ -f "$path" ] && { echo receipt; cat "$path"; }
true
"""


@dataclass(frozen=True)
class Serving:
    """``text`` is the receipt's text (None: there is none)."""

    os: str = ""
    kernel: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    text: str | None = None


class ServingVersions(FactBase[Serving]):
    """Return the receipt at ``path`` and the versions of ``names``."""

    default = Serving

    @override
    def command(self, path: str, names: tuple[str, ...]) -> StringCommand:
        words = [QuoteString(word) for word in (path, *names)]
        return StringCommand("sh -c", QuoteString(SCRIPT), "serving", *words)

    @override
    def process(self, output: list[str]) -> Serving:
        split = output.index("receipt") if "receipt" in output else len(output)
        pairs = [line.partition("=")[::2] for line in output[:split]]
        words = [value.split() for key, value in pairs if key == "package"]
        packages = {word[1]: word[2] for word in words if len(word) == 3 and word[0] == "installed"}
        values = dict(pairs)
        text = "\n".join(output[split + 1 :]) + "\n" if split < len(output) else None
        return Serving(values.get("os", ""), values.get("kernel", ""), packages, text)
