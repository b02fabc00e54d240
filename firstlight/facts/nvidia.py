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
ls /var/lib/firstlight/gpu/ours /etc/apt/sources.list.d/nvidia-cuda.sources /etc/yum.repos.d/nvidia-cuda.repo 2>/dev/null | sed 's/^/recorded=/'
"""

SOFTWARE = r"""
set -- '*nvidia*' 'cuda-drivers*' libcuda1 nvlsm infiniband-diags 'libibumad*'
if [ -s /var/lib/dpkg/status ]; then
  dpkg-query -W -f '${db:Status-Status} ${db:Status-Want} ${Package} ${Version}\n' "$@" 2>/dev/null | awk '
    $1 == "installed" {print "package=" $3 " " $4} $2 == "hold" {print "hold=" $3}'
elif command -v rpm >/dev/null 2>&1; then
  rpm -qa --qf 'package=%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' "$@" 2>/dev/null
  sed -n '/^[^#!]/s/^/lock=/p' /etc/dnf/plugins/versionlock.list 2>/dev/null
fi
if command -v nvidia-smi >/dev/null 2>&1; then
  asked=index,uuid,name,memory.total,compute_cap,mig.mode.current,power.limit
  said=$(timeout -k 5 30 nvidia-smi --query-gpu=$asked --format=csv,noheader,nounits 2>&1); code=$?
  printf '%s\n' "$said" | awk '/^[0-9]+, *GPU-/ {print "gpu=" $0; next} NF {print "smi=" $0}'
  [ "$code" = 0 ] || echo "failed=$code"
  case $said in *Enabled*) timeout -k 5 30 nvidia-smi -L 2>/dev/null | awk '
    /^GPU [0-9]+:/ {gpu = $2; sub(":", "", gpu)} /^ +MIG / {print "mig=" gpu " " $2}' ;; esac
  if [ "$code" = 0 ] && command -v nv-fabricmanager >/dev/null 2>&1; then
    timeout -k 5 60 nvidia-smi -q 2>/dev/null | awk -F': *' '
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
        return StringCommand("LC_ALL=C sh -c", QuoteString(HARDWARE + SOFTWARE))

    @override
    def process(self, output: list[str]) -> NvidiaState:
        return reading(output)
