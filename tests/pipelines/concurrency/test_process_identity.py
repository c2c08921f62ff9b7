"""A process that is alive is never taken for one that has ended, also if /proc hides it."""

import os
import shutil
import subprocess
import sys

import pytest

# In a namespace of its own: /proc hides the process of another user from one without privileges.
_SCRIPT = """
mount -t proc -o hidepid=2 proc /proc || exit 9
setpriv --reuid 65534 --clear-groups sleep 600 &
other=$!
until grep -q '^Uid:.65534' /proc/$other/status; do kill -0 $other || exit 9; sleep 0.01; done
start=$(cut -d ' ' -f 22 /proc/$other/stat)
setpriv --regid 65533 --clear-groups --bounding-set -all --inh-caps -all "$0" -c "$1" $other $start
code=$?
kill $other
exit $code
"""
_LOOK = """
import os, sys
from datetime import UTC, datetime
from pipelines.concurrency.process_identity import has_ended, machine, process
from pipelines.output.heartbeat import HeartbeatRecord
other, start = sys.argv[1:]
assert not os.path.exists(f"/proc/{other}"), "is not hidden"
assert process(int(other)) == other
assert not has_ended(machine(), f"{other}-{start}")
assert has_ended(machine(), "999999-1")
now = datetime.now(UTC)
names = {"host": "", "machine": machine(), "since": now, "beat": now}
hidden = HeartbeatRecord(process=int(other), identity=f"{other}-{start}", **names)
assert hidden.is_alive_here() is None
assert HeartbeatRecord(process=999999, identity="999999-1", **names).is_alive_here() is False
"""


def _lacks(*tools: str) -> bool:
    """Return whether this process may not make namespaces, or lacks one of the tools."""
    return os.geteuid() != 0 or not all(map(shutil.which, tools))


def in_namespaces(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as the first process of namespaces of its own."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_hidden_process_of_another_user_has_not_ended() -> None:
    if _lacks("unshare", "setpriv", "mount") or in_namespaces("true").returncode:
        pytest.skip("NOT TESTED: namespaces of processes need root")
    ended = in_namespaces("sh", "-c", _SCRIPT, sys.executable, _LOOK)
    if ended.returncode == 9:
        pytest.skip("NOT TESTED: /proc cannot be mounted here")
    assert ended.returncode == 0, ended.stderr


_NAME = "from pipelines.concurrency.process_identity import machine; print(machine())"


@pytest.mark.parametrize("other", [("--time", "--boottime=77"), ("--uts",)])
def test_machines_whose_names_of_processes_could_be_confused_differ(other: tuple[str, ...]) -> None:
    """In another time namespace, the start of each process is another one."""
    command = ["unshare", *other, "--fork"]
    rename = "hostname clone || exit 9;" if other == ("--uts",) else ""
    if _lacks("unshare", "hostname") or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip(f"NOT TESTED: namespaces ({other[0]}) need root")
    here = subprocess.run([sys.executable, "-c", _NAME], capture_output=True, check=True)
    script = f'{rename} exec "$0" -c "$1"'
    words = [*command, "sh", "-c", script, sys.executable, _NAME]
    there = subprocess.run(words, capture_output=True, check=True)
    assert here.stdout != there.stdout
