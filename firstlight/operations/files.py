"""Files written whole: private from the first byte, checked, given their owner, then renamed.

pyinfra's own ``files.put`` writes world-readable and in place first (measured), and spends
several round trips on each file. Here any number of files costs one round trip to compare
and one to write, and none of their content is ever in an argument list or in ``/tmp``.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import io
import tarfile
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter, manifest
from firstlight.facts.files import Contents, PathState, PathStates
from firstlight.operations.commands import script
from firstlight.secret import Secret


@dataclass(frozen=True)
class File:
    """A file as it shall be. ``mode`` is octal digits; ``content`` may be a secret."""

    path: str
    content: str | bytes | Secret
    mode: str = "644"
    user: str = "root"
    group: str = "root"

    @property
    def data(self) -> bytes:
        content = self.content.reveal() if isinstance(self.content, Secret) else self.content
        return content.encode() if isinstance(content, str) else content

    @property
    def state(self) -> PathState:
        digest = hashlib.sha256(self.data).hexdigest()
        return PathState("file", self.mode, self.user, self.group, digest)


@dataclass(frozen=True)
class Directory:
    """A directory as it shall be."""

    path: str
    mode: str = "755"
    user: str = "root"
    group: str = "root"

    @property
    def state(self) -> PathState:
        return PathState("directory", self.mode, self.user, self.group, "-")


# $1 is the check, then for each item: kind, path, mode, user, group. Content comes by stdin as
# a tar of members 0, 1, 2… unpacked into a private folder in memory (/run), so a power cut
# leaves no half-written secret on a disk. The rename is the last step of every file, and
# no file is renamed unless all are written and the check has passed. What was not renamed is
# taken away again: a full disk is not left full, nor a secret beside its place. Two runs at the
# same time write one after the other: a draft has one name, and one run could rename the other's.
# What stood there is recorded before the first draft, and two checksums of what was written last:
# a cut between the record and the rename leaves the one before, and what a check refuses is none.
WRITE = (
    "set -eu; umask 077\n"
    + manifest.RECORDING
    + r"""
check=$1; shift
mkdir -p /run/firstlight
stage=$(mktemp -d /run/firstlight/stage.XXXXXX)
trap 'rm -rf "$stage"' EXIT
base64 -d | tar -xzf - -C "$stage"
exec 9>/run/firstlight/writing
flock -w 60 9 || { echo "another run has been writing files here for 60 s" >&2; exit 1; }
# Not before: until now the drafts were another run's.
clean() { rm -rf "$stage"; for item in "$@"; do rm -f "${item#*|*|*|}.firstlight-new"; done; }
trap 'clean "$@"' EXIT
begin; i=0
for item in "$@"; do
  path=${item#*|*|*|}; note "$path"
  [ "${item%%|*}" = directory ] || ours "$path" ||
    printf '%s  %s\n' "$(sha256sum <"$stage/$i" | cut -c1-64)" "$path" >>"$stage/.wrote"
  i=$((i + 1))
done
for pass in write rename; do
  [ "$pass" = rename ] && [ -n "$check" ] && (cd "$stage" && sh -euc "$check")
  if [ "$pass" = rename ] && [ -e "$stage/.wrote" ]; then
    cat "$stage/.wrote" $(ls $manifest/wrote 2>/dev/null) | awk '!same[$0]++ && seen[substr($0, 67)]++ < 2' >$manifest/wrote.new
    sync $manifest/wrote.new; mv -f $manifest/wrote.new $manifest/wrote
  fi
  i=0
  for item in "$@"; do
    kind=${item%%|*}; rest=${item#*|}; mode=${rest%%|*}; rest=${rest#*|}
    owner=${rest%%|*}; path=${rest#*|}; new=$path.firstlight-new
    if [ "$kind" = directory ]; then
      if [ "$pass" = write ]; then
        install -d -m "$mode" -o "${owner%:*}" -g "${owner#*:}" "$path"
      fi
    elif [ "$pass" = write ]; then
      [ -d "$(dirname "$path")" ] || install -d -m 755 "$(dirname "$path")"
      rm -f "$new"; cat "$stage/$i" >"$new"
      chown "$owner" "$new"; chmod "$mode" "$new"; sync "$new"
    else
      mv -fT "$new" "$path"; sync "$(dirname "$path")"
    fi
    i=$((i + 1))
  done
done
"""
)
REMOVE = manifest.recorded('set -eu; for path in "$@"; do note "$path" gone; done; rm -rf -- "$@"')


def differing(
    items: Iterable[File | Directory], have: dict[str, PathState]
) -> list[File | Directory]:
    """Return the items whose path is not yet as it shall be."""
    return [item for item in items if have.get(item.path) != item.state]


def writing(items: Sequence[File | Directory], check: str = "") -> StringCommand:
    """Return the command that writes ``items`` whole, all of them or none.

    ``check`` is a shell text run in a folder where the files stand under their position
    (``0``, ``1``…); when it fails nothing is replaced.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for position, item in enumerate(items):
            data = item.data if isinstance(item, File) else b""
            member = tarfile.TarInfo(str(position))
            member.size, member.mode = len(data), 0o600
            tar.addfile(member, io.BytesIO(data))
    specs = [
        f"{item.state.kind}|{item.mode}|{item.user}:{item.group}|{item.path}" for item in items
    ]
    stdin = base64.encodebytes(buffer.getvalue()).decode()
    return script(WRITE, check, *specs, _stdin=stdin)


@operation()
def files(
    items: Sequence[File | Directory], check: str = "", absent: Sequence[str] = ()
) -> Generator[StringCommand, None, None]:
    """
    Make files and directories as they shall be, all in one step.

    + items: what shall be there
    + check: shell text that must succeed before anything is replaced
    + absent: paths that shall not exist
    """
    paths = (*[item.path for item in items], *absent)
    have: dict[str, PathState] = host.get_fact(PathStates, paths=paths) or {}
    todo = differing(items, have)
    stale = [path for path in absent if path in have]
    if not todo and not stale:
        host.noop(f"{len(paths)} paths are as they shall be")
        return
    if adapter.wants_diff(state) and not adapter.is_executing(state):
        show_differences(todo)
    if todo:
        yield writing(todo, check)
    if stale:
        yield script(REMOVE, *stale)


def show_differences(items: Iterable[File | Directory]) -> None:
    """Show what would change in each file; of a secret only that it changes."""
    texts = [item for item in items if isinstance(item, File)]
    plain = tuple(item.path for item in texts if is_plain_text(item))
    old: dict[str, str] = (host.get_fact(Contents, paths=plain) or {}) if plain else {}
    for item in texts:
        if item.path not in plain:
            adapter.say(f"    {item.path}: {'secret' if secret(item) else 'binary'} changes")
            continue
        before = old.get(item.path, "").splitlines(keepends=True)
        after = item.data.decode().splitlines(keepends=True)
        for line in difflib.unified_diff(before, after, item.path, item.path, n=2):
            adapter.say(f"    {line.rstrip()}")


def secret(item: File) -> bool:
    """Tell whether the content may not be shown: marked so, or not readable by everyone."""
    return isinstance(item.content, Secret) or not int(item.mode, 8) & 0o004


def is_plain_text(item: File) -> bool:
    """Tell whether a difference of the file's content can be shown as text."""
    return not secret(item) and b"\0" not in item.data[:4096]
