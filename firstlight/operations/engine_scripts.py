"""What a host runs to replace, to stop and to remove an engine: POSIX shell, tested as such."""

from __future__ import annotations

from firstlight.engines.network import LABEL

# A network that no unit makes before its start any more goes, where nobody is in it.
NETWORKS = rf"""
networks_gone() {{
  docker network ls --filter label={LABEL} --format '{{{{.Name}}}}' 2>/dev/null |
  while read -r network; do
    grep -qswF -e "--network $network" /etc/systemd/system/firstlight-engine-*.service ||
      docker network rm "$network" >/dev/null 2>&1
  done
}}
"""

# The unit file alone decides what runs: its configuration is in files named by their content. So
# one rename goes forward, and one rename goes back. What stood before is kept only if it served;
# ``unproven`` says so across a cut: the unit itself removes it once it has shown a token.
SWITCH = (
    NETWORKS
    + r"""
unit=$1 name=$2 how=$3 states=$4 state=$4/$2 folder=$5/$2 written=$6 alone=$7
installed=/etc/systemd/system/$unit next=$state/next.service previous=$state/previous.service
unproven=$state/unproven
# Who listens may be gone before this ends; the way back is gone all the same.
trap '' HUP PIPE
say() { echo "$*" >&2; }
# Of this start alone: the version before may have said a lot until it was stopped.
said() {
  id=$(systemctl show --value -p InvocationID "$unit")
  if [ -n "$id" ]; then set -- "_SYSTEMD_INVOCATION_ID=$id" + "INVOCATION_ID=$id"
  else set -- -u "$unit"; fi
  journalctl -q -n 25 --no-pager -o cat "$@" >&2
}
beside() { cp "$1" "$2.firstlight-new" && sync "$2.firstlight-new"; }
take() { beside "$1" "$installed" && mv -f "$installed.firstlight-new" "$installed"; }
loaded() {
  systemctl daemon-reload; systemctl enable --quiet "$unit"
  systemctl reset-failed "$unit" 2>/dev/null
}
tidy() {
  # The last one is what units of the first release waited with.
  for path in "$folder"/* "$folder.yaml" /usr/local/lib/firstlight/await-engine; do
    grep -qsF "$path" /etc/systemd/system/firstlight-engine-*.service "$states"/*/previous.service ||
      rm -f -- "$path"
  done
  rm -f -- "$unproven"
  networks_gone
  docker volume ls -q 2>/dev/null | grep -E "^firstlight-cache-$name(-[0-9a-f]{12})?\$" |
  while read -r volume; do
    grep -qsF "$volume:" "$installed" "$previous" || docker volume rm "$volume" >/dev/null 2>&1
  done
}
# This run ends here: who made room for what was to come is not left stopped. What it was to come
# back to may be where this one would go on trying.
others_back() {
  for mark in "$states"/*/unproven; do
    other=${mark%/unproven}; other=${other##*/} waiting=firstlight-engine-${other##*/}.service
    [ -e "$mark" ] && [ "$other" != "$name" ] || continue
    [ "$(systemctl is-active "$waiting")" = inactive ] || continue
    [ "$1" = returned ] || systemctl disable --quiet --now "$unit"
    systemctl start --no-block "$waiting" && say "$other had made room, and starts again as it was"
  done
}
# One that an earlier run left there is not what is wanted now.
[ "$written" = no ] || rm -f "$next"
if [ "$how" = adopt ]; then
  take "$next" && rm -f "$next" || exit 1
  loaded; systemctl start "$unit" && tidy; exit
fi
# Whatever needs space on the disk comes before the stop.
[ ! -e "$next" ] || beside "$next" "$installed" || exit 1
serving=no
if [ -e "$next" ] && [ -e "$installed" ] && [ "$(systemctl is-active "$unit")" = active ]; then
  beside "$installed" "$previous" && mv -f "$previous.firstlight-new" "$previous" &&
    touch "$unproven" || exit 1
  serving=yes
elif [ -e "$unproven" ] && [ -e "$previous" ]; then
  serving=yes
fi
[ "$how" != switch ] || systemctl stop "$unit" 2>/dev/null
if [ -e "$next" ]; then
  mv -f "$installed.firstlight-new" "$installed" && rm -f "$next" ||
    { systemctl start "$unit"; exit 1; }
fi
loaded
systemctl start "$unit" && { tidy; exit 0; }
say "last words of $unit:"
said
if [ "$alone" = no ]; then
  rm -f "$unproven"; say "a copy over several hosts is not put back by itself: take the change back, and run again"
  exit 1
fi
[ "$serving" = yes ] || { others_back never; exit 1; }
systemctl stop "$unit"; take "$previous"; loaded
if systemctl start "$unit"; then rm -f "$unproven"; say "returned to the version before: it answers again"
else say "the version before does not start either"; fi
others_back returned
exit 1
"""
)

RETIRE = (
    NETWORKS
    + r"""
state=$1 folder=$2; shift 2
for name in "$@"; do
  unit=firstlight-engine-$name.service
  systemctl disable --quiet --now "$unit"
  rm -rf -- "/etc/systemd/system/$unit" "$folder/$name" "$folder/$name.yaml" "$state/$name"
  docker volume ls -q 2>/dev/null | grep -E "^firstlight-cache-$name(-[0-9a-f]{12})?\$" |
  xargs -r docker volume rm >/dev/null 2>&1
done
networks_gone
systemctl daemon-reload
"""
)

# Stops engines that hold what another one is about to take, and engines whose other hosts wait for
# them. A word is NAME, or NAME= where there is no way back. The way back is kept as in SWITCH.
MAKE_ROOM = r"""
states=$1; shift
for word in "$@"; do
  name=${word%=}; unit=firstlight-engine-$name.service state=$states/$name
  if [ "$name" = "$word" ]; then
    mkdir -p "$state"
    cp "/etc/systemd/system/$unit" "$state/previous.service.firstlight-new" &&
      sync "$state/previous.service.firstlight-new" &&
      mv -f "$state/previous.service.firstlight-new" "$state/previous.service" &&
      touch "$state/unproven" || exit 1
  fi
  systemctl stop "$unit" || exit 1
done
"""
