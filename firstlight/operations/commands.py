"""Commands as values: a failing command explains itself, a known failure is a command too."""

from __future__ import annotations

from pyinfra.api import QuoteString, StringCommand

from firstlight.errors import FirstlightError


def script(text: str, *arguments: str, **connector: object) -> StringCommand:
    """Return a command that runs the POSIX shell ``text`` with ``arguments`` as ``$1``, ``$2``…

    Values travel as quoted arguments, never inside the script's text. ``connector`` takes
    pyinfra's connector arguments (``_stdin``, ``_timeout``).
    """
    quoted = [QuoteString(argument) for argument in arguments]
    return StringCommand("sh -c", QuoteString(text.strip()), "firstlight", *quoted, **connector)  # type: ignore[arg-type]


def explained(command: StringCommand, error: FirstlightError) -> StringCommand:
    """Return ``command`` that, when it fails, ends with ``error`` after its own output."""
    return StringCommand(
        "{",
        command,
        "; } || { rc=$?; printf '%s\\n'",
        QuoteString(str(error)),
        ">&2; exit $rc; }",
        **command.connector_arguments,
    )


def failure(error: FirstlightError) -> StringCommand:
    """Return a command that fails with ``error``.

    An exception inside an operation would end the run on every host; a failing command ends
    it on this one.
    """
    return StringCommand("{ printf '%s\\n'", QuoteString(str(error)), ">&2; exit 1; }")
