"""What is run as root in the tests' virtual machine."""

from __future__ import annotations

from tests.lab.let_in import UNKEPT

RULES = "/etc/firstlight/firewall/rules.nft"
MARK = "firstlight-test: the last line before the power cut"

CRASH = """
mkdir -p /tmp/crash && cd /tmp/crash && rm -f core*
(ulimit -c unlimited; sh -c 'kill -SEGV $$') 2>/dev/null
echo "crashed with $? and left $(ls /tmp/crash | grep -c core) dumps"
"""
"""A program that crashes where a core dump is allowed to it."""

MODULES = "dccp rds tipc"  # sctp, once loaded, cannot be taken out again before a reboot
LOAD = f"""
for module in {MODULES} dummy; do
  [ -n "$(modinfo -n $module)" ] || exit 1
  modprobe $module 2>/dev/null && echo "$module loaded" || echo "$module refused"
  modprobe -r $module 2>/dev/null
done
:
"""
"""Modules that the kernel has; the last one nobody minds."""

BEFORE = f"{CRASH}{LOAD}cat /proc/sys/kernel/kptr_restrict"

CONFINED = """
cat >/tmp/profile <<'END'
abi <abi/4.0>,
profile firstlight-test {
  file,
  deny /etc/hostname r,
}
END
cat /sys/module/apparmor/parameters/enabled
systemctl is-active apparmor.service
apparmor_parser --replace --skip-cache /tmp/profile || exit 1
grep -c '(enforce)' /sys/kernel/security/apparmor/profiles
echo 'changeprofile firstlight-test' >/proc/self/attr/apparmor/current || exit 1
cat /etc/hostname 2>&1; cat /etc/timezone
"""
"""Whether AppArmor is on, and keeps a program from what its profile denies."""

# A look at the firewall that has begun would load the rules that let nobody in, and with them this
# script would not come to its end. The power cut brings the timer back.
CUT = f"""{UNKEPT}
logger --journald <<'END'
MESSAGE={MARK}
PRIORITY=6
END
journalctl --sync
/usr/local/lib/firstlight/trial arm test me 600 '' true {RULES} || exit 1
cat >{RULES} <<'END'
table inet firstlight {{ chain input {{ type filter hook input priority 0; policy drop; }} }}
END
sync {RULES}
"""
"""Half of a change of the firewall that lets nobody in, as a run makes it: armed, written."""

TIMES = """
when() { systemctl show --value -p "$1TimestampMonotonic" "$2.service"; }
when ExecMainStart firstlight-trials; when ExecMainExit firstlight-trials
for unit in firstlight-firewall networking; do when InactiveExit $unit; when ActiveEnter $unit; done
"""
"""When, in microseconds since boot, each began and was done."""
