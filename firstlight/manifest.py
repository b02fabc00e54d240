"""The manifest: what was on a host before firstlight, and what firstlight put there since.

It stands in :data:`FOLDER` on the host and is kept by the operations that write, at the moment
they write: nobody else has to think of it. ``before`` is the whole host as it was at the very
first change, ``files`` every path with what stood there, ``originals`` the files themselves,
``wrote`` the checksums of what was written, ``packages`` what installations changed, ``things``
everything else by name. A run that changes nothing reads and writes none of it.
"""

from __future__ import annotations

FOLDER = "/var/lib/firstlight/manifest"

OURS = ("*/firstlight/*", "*/firstlight-*/*")
"""Below a folder of this name nothing is recorded one by one: it goes as a whole."""

# Printed alike before the first change and when everything is gone: the difference is what is
# left. Docker is asked only where it runs: a question would start it. What units there are is read
# from their files: the list of systemd looks for each of them in every folder, and costs more than
# all the rest.
SNAPSHOT = r"""
unit_files() {
  folders=$(ls -d /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system)
  { find $folders -mindepth 2 -maxdepth 2 -type l -path '/etc/*' \( -path '*.wants/*' -o -path '*.requires/*' \) -printf 'on %f\n'
    grep -ls '^\[Install\]' $(printf '%s/*.* ' $folders) | sed 's/^/may /'
    find $folders -mindepth 1 -maxdepth 1 ! -type d -name '*.*' -printf '%y%s %p %l\n'
  } | awk '
    function name(path) { sub(/.*\//, "", path); return path }
    function general(unit) { if (unit ~ /@.+\./) sub(/@.*\./, "@.", unit); return unit }
    $1 == "on" { on[$2]; on[general($2)]; next }
    $1 == "may" { may[$2]; next }
    { unit = name($2); if (!(unit in kind)) { kind[unit] = $1; file[unit] = $2; target[unit] = $3 }
      if ($1 ~ /^l/ && $2 ~ /^\/etc/ && $3 != "/dev/null") on[name($3)] }
    END { for (unit in kind) {
      if (target[unit] == "/dev/null" || kind[unit] == "f0") state = "masked"
      else if (kind[unit] ~ /^l/ && name(target[unit]) != unit) state = "alias"
      else state = unit in on ? "enabled" : file[unit] in may ? "disabled" : "static"
      print "unit " unit " " state } }'
}
snapshot() {
  if [ -s /var/lib/dpkg/status ]; then
    dpkg-query -W -f 'package ${binary:Package} ${db:Status-Status} ${Version}\n'
    dpkg-query -W -f '${db:Status-Want} ${binary:Package}\n' | grep '^hold '
  else
    rpm -qa --qf 'package %{NAME}.%{ARCH} installed %{VERSION}-%{RELEASE}\n'
    sed -n 's/^[^#!]/hold &/p' /etc/dnf/plugins/versionlock.list
  fi
  unit_files
  systemctl list-units --no-legend --no-pager --plain --state=active --type=service,socket,timer,path |
    awk '$1 !~ /^user(@|-runtime)/ {print "active " $1}'
  ss -Htulnp | awk '{p = "?"; if (match($0, /users:\(\("[^"]+"/)) p = substr($0, RSTART + 9, RLENGTH - 10)
    print "socket " $1 " " $5 " " p}'
  cut -d: -f1 /etc/passwd | sed 's/^/user /'
  cut -d: -f1 /etc/group | sed 's/^/group /'
  ls /sys/class/net | sed 's/^/interface /'
  ! command -v nft >/dev/null || nft list tables
  if systemctl is-active --quiet docker.service; then
    docker image ls -q --no-trunc | sed 's/^/image /'
    docker volume ls -q | sed 's/^/volume /'
    docker network ls --format 'network {{.Name}}'
    docker ps -a --format 'container {{.Names}}'
  fi
  find /etc /usr/local /opt -xdev -type f -exec sha256sum {} + | awk '{print "file " substr($0, 67) " " $1}'
  find /etc /usr/local /opt -xdev -type l -printf 'link %p %l\n'
  find /etc /usr/local /opt -xdev -type d -printf 'directory %p %m %u:%g\n'
  find /var/lib /srv /var/log -xdev -mindepth 1 -maxdepth 1 -type d -printf 'directory %p %m %u:%g\n'
}
"""

# What the recording is made of, for scripts that change a host. "begin" comes before the first
# change; a host that firstlight already changed without it ("late") cannot tell its original files
# from ours, so none is kept there. "note PATH" comes before the path is written, "note PATH gone"
# before it is removed, "wrote PATH" after a program other than firstlight's has; "noted WORDS" is
# for what is no file.
RECORDING = (
    (
        SNAPSHOT
        + r"""
manifest=FOLDER known=
begin() (
  [ ! -e $manifest/taken ] || exit 0
  umask 077; how=first; [ ! -e /etc/firstlight ] || how=late
  install -d -m 755 "${manifest%/*}"; new=$manifest.$$; mkdir "$new"
  (set +e; snapshot 2>/dev/null) | LC_ALL=C sort -u >"$new/before"
  find /proc/sys/fs /proc/sys/kernel /proc/sys/net /proc/sys/vm /proc/sys/dev -type f -exec grep -s '' {} + 2>/dev/null |
    sed 's|^/proc/sys/||' >"$new/sysctls" || true
  echo "$how $(date -u +%FT%TZ)" >"$new/taken"
  sync "$new"/*; mv -T "$new" $manifest 2>/dev/null || rm -rf "$new"; sync "${manifest%/*}"
)
ours() { case $1 in OURS) return 0 ;; esac; return 1; }
is_known() { case "$known" in *"
$1
"*) return 0 ;; esac; return 1; }
note() {
  [ -n "$known" ] || known="
$(cut -f2- $manifest/files 2>/dev/null || true)
"
  if ours "$1" || is_known "$1"; then return 0; fi
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    [ -e "$(dirname -- "$1")" ] || note "$(dirname -- "$1")"
    was=-
  elif grep -qs ^late $manifest/taken; then was=late
  elif [ -d "$1" ] && [ ! -L "$1" ] && [ "${2:-}" != gone ]; then was=$(stat -c '%a %U:%G' -- "$1")
  else
    was=kept; copy=$manifest/originals$1
    (umask 077; mkdir -p "$(dirname -- "$copy")"); rm -rf -- "$copy.new"
    cp -a -- "$1" "$copy.new"; sync "$copy.new" 2>/dev/null || true; mv -fT -- "$copy.new" "$copy"
  fi
  (umask 077; printf '%s\t%s\n' "$was" "$1" >>$manifest/files); sync $manifest/files
  known="$known$1
"
}
wrote() {
  (umask 077; printf '%s  %s\n' "$(sha256sum <"$1" | cut -c1-64)" "$1" >>$manifest/wrote; sync $manifest/wrote)
}
noted() {
  grep -qsxF -- "$*" $manifest/things || (umask 077; echo "$*" >>$manifest/things; sync $manifest/things)
}
"""
    )
    .replace("FOLDER", FOLDER)
    .replace("OURS", "|".join(OURS))
)

# Between an installation and the list from before it may lie a power cut: the list stays until the
# difference is written down. Accounts that packages make are part of it.
PACKAGES = r"""
package_state() {
  if [ -s /var/lib/dpkg/status ]; then
    dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n'
    sed -n '/^Package: /{s///;h}; /^Auto-Installed: 1/{x;s/^/auto /p}' /var/lib/apt/extended_states
  else rpm -qa --qf 'installed %{NAME}.%{ARCH}\n'; fi
  cut -d: -f1 /etc/passwd | sed 's/^/user /'; cut -d: -f1 /etc/group | sed 's/^/group /'
}
packages_before() (
  umask 077; list=$manifest/packages.before
  [ ! -e $list ] || exit 0
  (set +e; package_state 2>/dev/null) | LC_ALL=C sort -u >$list.new; sync $list.new; mv -f $list.new $list
)
packages_after() (
  umask 077; list=$manifest/packages.before; all=$manifest/packages
  [ -e $list ] || exit 0
  (set +e; package_state 2>/dev/null) | LC_ALL=C sort -u | LC_ALL=C comm -3 $list - | sed 's/^\t/+/; t; s/^/-/' |
    LC_ALL=C sort -u - $(ls $all 2>/dev/null) >$all.new
  sync $all.new; mv -f $all.new $all; rm -f $list
)
"""


def recorded(text: str) -> str:
    """Return the shell ``text`` after :data:`RECORDING`, with the host as it was taken down."""
    return f"{RECORDING}begin\n{text}"


def installing(text: str) -> str:
    """Return ``text``, which moves packages, so that what it moved is recorded, also when it fails.

    It runs in a shell of its own with the same arguments.
    """
    before = f"{RECORDING}{PACKAGES}begin; packages_before\n"
    return f"{before}(\n{text}\n)\nrc=$?; packages_after; exit $rc\n"
