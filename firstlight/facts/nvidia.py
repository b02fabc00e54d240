"""A host's GPU layer, from the PCI bus to what containers are given, in one round trip."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.nvidia.reading import reading
from firstlight.nvidia.state import NvidiaState

# Needs a POSIX shell, coreutils and awk: it also runs where no driver is. Every line is
# "key=value". What talks to the driver is bounded: a driver that hangs must not hang the run.
HARDWARE = r"""
for d in /sys/bus/pci/devices/*; do
  [ -r "$d/vendor" ] && read -r vendor <"$d/vendor" && [ "$vendor" = 0x10de ] || continue
  read -r device <"$d/device"; read -r class <"$d/class"; driver=$(readlink "$d/driver")
  echo "pci=${d##*/} $device $class ${driver##*/}"
done
k=$(uname -r); echo "machine=$(uname -m)"; echo "kernel=$k"
echo "boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
for m in /lib/modules/*; do
  r=${m##*/}
  if [ -e "/boot/vmlinuz-$r" ] || [ -e "$m/vmlinuz" ]; then echo "installed=$r"; elif [ "$r" != "$k" ]; then continue; fi
  [ -e "$m/build" ] && echo "headers=$r"
  v=$(timeout 10 modinfo -k "$r" -F version nvidia 2>/dev/null) && [ -n "$v" ] && echo "module=$r $v"
done | sort -V
echo "license=$(timeout 10 modinfo -F license nvidia 2>/dev/null | head -n 1)"
command -v grubby >/dev/null 2>&1 && echo "default=$(timeout 10 grubby --default-kernel 2>/dev/null)"
[ -d /sys/module/nouveau ] && echo nouveau=yes
[ -r /sys/module/nvidia/version ] && echo "loaded=$(cat /sys/module/nvidia/version)"
[ -r /proc/driver/nvidia/version ] && sed -n 's/^NVRM version:/nvrm=/p' /proc/driver/nvidia/version
boot=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
if [ -r "$boot" ]; then
  secure=$(od -An -tu1 -j4 -N1 "$boot" | tr -d ' '); echo "secure_boot=$secure"
  if [ "$secure" = 1 ]; then for own in /var/lib/shim-signed/mok/MOK.der /var/lib/dkms/mok.pub; do
    [ -e "$own" ] || continue
    timeout 10 mokutil --test-key "$own" 2>&1 | grep -q 'already enrolled' && echo enrolled=yes; break
  done; fi
fi
for d in /usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu /usr/lib64; do
  for f in "$(readlink -f "$d/libnvidia-ml.so.1")" "$d"/libnvidia-ml.so.[0-9]*.*; do
    case $f in *.so.[0-9]*.*) [ -e "$f" ] && { echo "library=${f##*/libnvidia-ml.so.}"; break; } ;; esac
  done
done
grep -lsE '"source": *"(cuda-repo|distro)"' /var/lib/firstlight/gpu/good.json | sed 's/^/recorded=/'
[ -e /var/lib/firstlight/gpu/ours ] && echo recorded=yes
"""

# Every enabled repository of apt but firstlight's own, with its place: one entry a line in .list
# files, stanzas in .sources files. Passwords stay on the host.
SOURCES = r"""
set --
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  case $f in */nvidia-cuda.sources | */nvidia-container-toolkit.sources) continue ;; esac
  [ -r "$f" ] && [ -f "$f" ] && set -- "$@" "$f"
done
[ $# = 0 ] || awk '
  function out(file, line, uri) {sub("//[^/@]*@", "//", uri); print "apt=" file ":" line " " uri}
  function flush(  i) {if (!off) for (i = 1; i <= n; i++) out(file, at[i], uri[i]); n = off = 0; key = ""}
  FNR == 1 {flush(); file = FILENAME}
  /^[ \t]*#/ {next}
  file !~ /[.]sources$/ {
    sub(/#.*/, "")
    if (sub(/^[ \t]*deb(-src)?[ \t]+/, "")) {sub(/^\[[^]]*\][ \t]*/, ""); split($0, word, /[ \t]+/); out(file, FNR, word[1])}
    next
  }
  /^[ \t]*$/ {flush(); next}
  {value = $0}
  /^[^ \t]/ {key = tolower($0); sub(/[ \t]*:.*/, "", key); sub(/^[^:]*:/, "", value)}
  key == "enabled" && tolower(value) ~ /^[ \t]*(no|false|without|off|disable|0)[ \t]*$/ {off = 1}
  key == "uris" {m = split(value, word, /[ \t]+/); for (i = 1; i <= m; i++) if (word[i] != "") {uri[++n] = word[i]; at[n] = FNR}}
  END {flush()}' "$@"
"""

SOFTWARE = r"""
set -- '*nvidia*' 'cuda-drivers*' libcuda1 nvlsm infiniband-diags 'libibumad*'
if [ -s /var/lib/dpkg/status ]; then
  dpkg-query -W -f '${db:Status-Status} ${db:Status-Want} ${Package} ${Version}\n' "$@" 2>/dev/null | awk '
    $1 == "installed" {print "package=" $3 " " $4} $2 == "hold" {print "hold=" $3}'
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'linux-image-*' 'linux-headers-*' 2>/dev/null | awk '
    $1 == "installed" && NF == 2 {print "kernel_package=" $2}'
elif command -v rpm >/dev/null 2>&1; then
  rpm -qa --qf 'package=%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' "$@" 2>/dev/null
  sed -n '/^[^#!]/s/^/lock=/p' /etc/dnf/plugins/versionlock.list 2>/dev/null
fi
if command -v nvidia-smi >/dev/null 2>&1; then
  asked=index,uuid,name,memory.total,compute_cap,mig.mode.current,power.limit
  said=$(timeout -k 5 120 nvidia-smi --query-gpu=$asked --format=csv,noheader,nounits 2>&1); code=$?
  printf '%s\n' "$said" | awk '/^[0-9]+, *GPU-/ {print "gpu=" $0; next} NF {print "smi=" $0}'
  [ "$code" = 0 ] || echo "failed=$code"
  case $said in *Enabled*) timeout -k 5 120 nvidia-smi -L 2>/dev/null | awk '
    /^GPU [0-9]+:/ {gpu = $2; sub(":", "", gpu)} /^ +MIG / {print "mig=" gpu " " $2}' ;; esac
  if [ "$code" = 0 ] && command -v nv-fabricmanager >/dev/null 2>&1; then
    timeout -k 5 120 nvidia-smi -q 2>/dev/null | awk -F': *' '
      /^ +Fabric *$/ {inside = 1; next} inside && /^ +State /  {state = $2}
      inside && /^ +Status / {print "fabric=" state "|" $2; inside = 0}' | sort -u
  fi
fi
systemctl is-active --quiet nvidia-fabricmanager.service 2>/dev/null && echo fabric_active=yes
if command -v nvidia-ctk >/dev/null 2>&1; then
  timeout 10 nvidia-ctk --version 2>/dev/null | sed -n 's/.*CLI version /toolkit=/p'
  timeout -k 5 30 nvidia-ctk cdi list 2>/dev/null | sed -n '/^nvidia.com\//s/^/cdi=/p'
fi
grep -lsE '"?kind"?: *"?nvidia\.com/gpu' /etc/cdi/*.yaml /etc/cdi/*.json /var/run/cdi/*.yaml /var/run/cdi/*.json | sed 's/^/spec=/'
log=$(dmesg 2>/dev/null); [ -n "$log" ] || log=$(timeout 20 journalctl -qkb -o cat -n 5000 --no-pager 2>/dev/null)
printf '%s\n' "$log" | grep -E 'NVRM|nouveau|nvidia|Xid' | tail -n 5 | cut -c1-300 | sed 's/^/log=/'
true
"""


class NvidiaProbe(FactBase[NvidiaState]):
    """Return the :class:`~firstlight.nvidia.state.NvidiaState` of a host."""

    default = NvidiaState

    @override
    def command(self) -> StringCommand:
        return StringCommand("LC_ALL=C sh -c", QuoteString(HARDWARE + SOURCES + SOFTWARE))

    @override
    def process(self, output: list[str]) -> NvidiaState:
        return reading(output)
