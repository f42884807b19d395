"""The keeper: a small process between us and one server, which ends the server when we end, however we end.

It is run as a script (`python -I -S keeper.py ORDER`) and therefore imports nothing but the standard library.
Why a process, and not only the kernel's parent-death signal: that signal fires when the *thread* that started the
child ends, which a thread pool's thread does at any time, and it exists on Linux only. The keeper instead watches a
pipe whose other end only we hold; the kernel closes it when we are killed, and closing it is also how we ask for a
stop, so there is one way to end. The server carries the death signal of the keeper, whose only thread lives as
long as the keeper does. Grandchildren whose parent was killed come to the keeper (it is their subreaper), and it
does not end before they have.

The order is one JSON object: argv, folder, stops ([[signal, seconds], …]), death_signal, uid, gid, capability (all
three null when the account stays). The keeper prints the server's pid as one line, and exits with the server's code.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_CHILD_SUBREAPER = 36
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_TICK_S = 0.02
_ORPHANS_GRACE_S = 1.0
_CANNOT_RUN = 127


def main(order: dict[str, Any]) -> int:
    """Run the ordered server until it ends or we are gone; the exit code is the server's (128 + signal)."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    keeper = os.getpid()
    became, becoming = os.pipe()
    server = os.fork()
    if server == 0:
        _become_server(order, keeper, becoming)
    # This end closes by itself when the fork has become the server, so whoever reads the pid finds the server there.
    os.close(becoming)
    if not os.read(became, 1):
        os.write(1, f"{server}\n".encode())
    os.close(1)
    code = _keep(server, order["stops"], wake_read)
    _end_orphans()
    return code


def _keep(server: int, stops: list[list[float]], wake: int) -> int:
    """Wait until the server ends by itself, or the pipe from our parent closes and we have stopped it."""
    watched = select.poll()
    for end in (0, wake, *_parent_handle()):
        watched.register(end, select.POLLIN | select.POLLHUP)
    while True:
        ready = [end for end, _ in watched.poll()]
        if wake in ready:
            os.read(wake, 512)
        code = _collect(server)
        if code is not None:
            return code
        if any(end != wake for end in ready):
            return _stop(server, stops)


def _parent_handle() -> list[int]:
    """A handle that becomes readable when our parent ends, even if a fork of it still holds the pipe."""
    if not hasattr(os, "pidfd_open"):
        return []
    try:
        return [os.pidfd_open(os.getppid())]
    except OSError:
        return []


def _stop(server: int, stops: list[list[float]]) -> int:
    """Send each stop signal and give it its seconds; SIGKILL comes last."""
    for number, seconds in [*stops, [float(signal.SIGKILL), 60.0]]:
        os.kill(server, int(number))
        for _ in range(max(1, round(seconds / _TICK_S))):
            code = _collect(server)
            if code is not None:
                return code
            time.sleep(_TICK_S)
    return 128 + signal.SIGKILL


def _collect(server: int) -> int | None:
    """Take the exit codes of ended children; the server's own if it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == server:
            ended = os.waitstatus_to_exitcode(status)
            code = ended if ended >= 0 else 128 - ended


def _end_orphans() -> None:
    """Give what the server left behind a moment to end, then kill it, so that the next start finds nothing."""
    for attempt in range(2 * round(_ORPHANS_GRACE_S / _TICK_S)):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if attempt >= _ORPHANS_GRACE_S / _TICK_S:
            for pid in _children():
                os.kill(pid, signal.SIGKILL)
        time.sleep(_TICK_S)


def _children() -> list[int]:
    found = []
    for name in filter(str.isdigit, (entry.name for entry in Path("/proc").iterdir())):
        try:
            parent = int(Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            found.append(int(name))
    return found


def _become_server(order: dict[str, Any], keeper: int, failed: int) -> None:
    """In the fork: take the server's account, folder and signals, and become it; a byte in `failed` if that fails."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        if order["uid"] is not None:
            _take_account(order["uid"], order["gid"], order["capability"])
        # After the account: the kernel forgets the death signal when the account changes.
        _prctl(_PR_SET_PDEATHSIG, order["death_signal"])
        if os.getppid() != keeper:
            os._exit(_CANNOT_RUN)
        os.chdir(order["folder"])
        # Without a shell, on purpose: the words go to the server as they are.
        os.execve(order["argv"][0], order["argv"], dict(os.environ))  # noqa: S606
    except BaseException as error:
        os.write(2, f"cannot run {order['argv'][0]}: {error}\n".encode())
        os.write(failed, b"x")
    os._exit(_CANNOT_RUN)


def _take_account(uid: int, gid: int, capability: int | None) -> None:
    """Stop being root; keep the one `capability` (its number in linux/capability.h) over the exec, or none."""
    if capability is not None:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is None:
        return
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(ctypes.byref(header), ctypes.byref(sets)) != 0:
        raise OSError(ctypes.get_errno(), "capset refused")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _prctl(option: int, first: int, second: int = 0) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    if libc.prctl(option, *arguments) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} refused")


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
