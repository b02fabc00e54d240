"""What a host runs to be rid of firstlight: POSIX shell, by lines of "kind, path, mode" on stdin."""

from __future__ import annotations

# $1 is the manifest. A unit is stopped while systemd still knows its file; what comes back is
# whole at once. What somebody changed stays, and the file of before is laid beside it. What
# belongs to a folder of configuration is told to who reads it, at the end.
FILES = r"""
m=$1 told=; tab=$(printf '\t')
while IFS=$tab read -r kind path mode; do
  case $kind in
    unit)
      name=${path##*/}
      case $name in
        *@.*) systemctl stop "${name%@*}@*" ;;
        *.*) systemctl disable --quiet --now "$name" ;;
      esac 2>/dev/null
      rm -rf -- "$path"; systemctl reset-failed "${name%@*}*" 2>/dev/null ;;
    remove) rm -f -- "$path" ;;
    tree) rm -rf -- "$path" ;;
    rmdir) rmdir -- "$path" 2>/dev/null ;;
    mode) chmod "${mode%% *}" "$path" && chown "${mode#* }" "$path" ;;
    restore)
      mkdir -p "$(dirname "$path")"; rm -rf -- "$path.firstlight-new"
      cp -a -- "$m/originals$path" "$path.firstlight-new" && mv -fT -- "$path.firstlight-new" "$path" ;;
    beside) cp -a -- "$m/originals$path" "$path.before-firstlight" ;;
    aside)
      old=${path%.disabled}; old=${old%.before-firstlight}
      [ -e "$old" ] || mv -f -- "$path" "$old" ;;
  esac || [ "$kind" = rmdir ] || [ "$kind" = unit ] || [ "$kind" = aside ] || exit 1
  told="$told $path"
done
sync; systemctl daemon-reload
tell() { case $told in *"$1"*) shift; "$@" || true ;; esac; }
tell /etc/systemd/journald.conf systemctl restart systemd-journald.service
tell /etc/systemd/timesyncd.conf systemctl try-restart systemd-timesyncd.service
tell /etc/apparmor.d/ systemctl reload apparmor.service
# Whose firewall was switched off has it back before firstlight's goes.
tell /etc/ufw/ufw.conf systemctl restart ufw.service
tell /etc/udev/rules.d/ udevadm control --reload
! command -v augenrules >/dev/null || tell /etc/audit/rules.d/ augenrules --load >/dev/null
case $told in
  *nouveau*) if command -v update-initramfs >/dev/null; then update-initramfs -u -k all; elif command -v dracut >/dev/null; then dracut --force --regenerate-all; fi ;;
esac
exit 0
"""

SYSCTLS = r"""
for word in "$@"; do printf '%s\n' "${word#*=}" >"/proc/sys/${word%%=*}" || true; done
"""

# Containers before the networks and volumes that they use. Images by their digest.
CONTAINERS = r"""
while read -r kind name; do
  case $kind in
    container) docker rm --force --volumes "$name" ;;
    network) docker network rm "$name" ;;
    volume) docker volume rm "$name" ;;
    image) docker image rm "$name" ;;
  esac >/dev/null || echo "$kind $name is in use, and stays" >&2
done
exit 0
"""

UNHOLD = {
    "apt": 'apt-mark -qq unhold "$@"',
    "dnf": 'for name; do dnf -q versionlock delete "$name" >/dev/null || true; done',
}

# A unit that goes with its package has no state of its own.
SWITCH = r"""
while read -r verb unit; do
  case $verb in
    stop) systemctl stop "$unit" 2>/dev/null; systemctl reset-failed "$unit" 2>/dev/null ;;
    start) systemctl start "$unit" || { systemctl status --no-pager -n 5 "$unit" >&2; exit 1; } ;;
    *) systemctl --quiet "$verb" "$unit" 2>/dev/null ;;
  esac
done
exit 0
"""

# A package that goes takes files along that were there before it came (the time zone is one):
# they are laid aside meanwhile, and put back; also after a power cut, by the next run. A run that
# lost its controller goes on by itself: the next one waits for it.
AROUND = (
    r"""
umask 077; m=$1 work=$1/purge rc=0
exec 9>"$m/lock"; flock -w 900 9 || { echo "an earlier uninstallation is still at it" >&2; exit 1; }
[ -e "$work" ] || {
  rm -rf "$work.new"; mkdir "$work.new" && cp -a /etc "$work.new/etc" || exit 1
  sync; mv -T "$work.new" "$work"
}
names=$(cat); : >"$m/others"
""",
    r"""
sed -n 's/^\(file\|link\) \(\/etc\/[^ ]*\) .*/\2/p' "$m/before" | while read -r path; do
  if [ -e "$path" ] || [ -L "$path" ]; then continue; fi
  [ -e "$work$path" ] || [ -L "$work$path" ] || continue
  mkdir -p "$(dirname "$path")"; cp -a "$work$path" "$path"
done
[ "$rc" = 0 ] || exit "$rc"
rm -rf "$work"
""",
)

# dpkg and rpm themselves remove what they are told and nothing else: what another package needs
# stays, and is named. Which others that are, nobody but them knows.
PURGE = {
    "apt": r"""
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
[ -z "$names" ] || dpkg --abort-after=9999 --purge $names >"$work/said" 2>&1 9>&- || {
  grep -E '^( |dpkg: (error|dependency))' "$work/said" >&2
  # Not about one of them: nothing was done at all, because of a lock or a broken database.
  ! grep -q '^dpkg: error: ' "$work/said" || rc=1
}
for name in $names; do
  dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qvx not-installed && echo "$name"
done >"$m/others"
""",
    "dnf": r"""
left=$names
# One by one, again and again: which of them others need is found out by trying.
while :; do
  before=$left; left=
  for name in $before; do rpm -e "$name" 2>/dev/null || left="$left $name"; done
  [ -n "$left" ] && [ "$(echo $left)" != "$(echo $before)" ] || break
done
[ -z "$left" ] || { echo "others need:$left" >&2; printf '%s\n' $left >"$m/others"; }
""",
}

# Docker's own rules would stay in the kernel until the next boot, and so would its bridges.
DOCKER_LEFT = r"""
systemctl is-active --quiet docker.service && exit 0
for path in /sys/class/net/docker0 /sys/class/net/br-* /sys/class/net/fl-*; do
  name=${path##*/}
  [ -d "$path/bridge" ] || continue
  case $name in br-*[!0-9a-f]*) continue ;; docker0|fl-[0-9]*|br-????????????) : ;; *) continue ;; esac
  grep -qxF "interface $name" "$1/before" || ip link delete "$name"
done
for family in ip ip6; do
  for table in $(nft list tables $family 2>/dev/null | awk '{print $3}'); do
    nft list table $family "$table" 2>/dev/null | grep -q 'chain DOCKER' || continue
    grep -qxF "table $family $table" "$1/before" || { nft delete table $family "$table"; continue; }
    echo "table $family $table was there before Docker: its chains stay until a reboot" >&2
  done
done
exit 0
"""
# What daemons wrote where no package knows it; not of those whose package stays.
DATA = r"""
m=$1; shift
for path in "$@"; do
  ! grep -qsE "^${path##*/}([-.:]|\$)" "$m/others" || continue
  [ -e "$path" ] && ! grep -q "^directory $path " "$m/before" && rm -rf -- "$path"
done
exit 0
"""

AUTOMATIC = 'for name; do apt-mark -qq auto "$name" 2>/dev/null || true; done'
ACCOUNTS = r"""
for name in "$@"; do
  ! getent passwd "$name" >/dev/null || userdel "$name" || exit 1
  ! getent group "$name" >/dev/null || groupdel "$name" || exit 1
done
"""

# Accounts of packages: as long as one of the packages stays, so do they.
THEIR_ACCOUNTS = (
    r"""
others=$1/others; shift
[ ! -s "$others" ] || { echo "accounts of packages stay with them: $*" >&2; exit 0; }
"""
    + ACCOUNTS
)
TABLES = 'for table; do nft delete table inet "$table" || exit 1; done'

# The last of all. What stays is remembered, for an uninstallation that shall take it too.
FORGET = r"""
m=$1 keep=$2
for path in /etc/firstlight /usr/local/lib/firstlight $(ls -d /run/firstlight /run/firstlight-* 2>/dev/null); do rm -rf -- "$path"; done
rm -f /var/lib/systemd/timers/stamp-firstlight-*
if [ "$keep" = no ]; then rm -rf -- "${m%/*}"; exit; fi
for path in "${m%/*}"/* "${m%/*}"/.[!.]*; do [ "$path" = "$m" ] || rm -rf -- "$path"; done
rm -rf -- "$m/originals" "$m/daemon.json" "$m/others" "$m/lock"
# What somebody changed is known to stay.
tab=$(printf '\t')
[ ! -e "$m/files" ] || while IFS=$tab read -r was path; do
  [ "$was" != - ] || [ ! -f "$path" ] || printf '%s\t%s\n' "$was" "$path"
done <"$m/files" >"$m/files.new"
if [ -s "$m/files.new" ]; then mv -f "$m/files.new" "$m/files"; else rm -f "$m/files" "$m/files.new" "$m/wrote"; fi
sed -i '/^account /!d' "$m/things" 2>/dev/null
true
"""
