"""Windows and macOS as far as they can be played on Linux: what they lack is taken away.

``start(system)`` gives the modules of the package an `os`, `signal` and `sys` as they are there,
without what is of Unix alone, and stand-ins for the modules that only Windows has. Other packages
keep theirs, since they run on the system at hand.
"""

import builtins
import ctypes
import sys
import time
from types import ModuleType, SimpleNamespace

MODULES = {
    *("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline"),
    *("posix", "_posixsubprocess", "_posixshmem"),
}
NAMES = {
    "os": {
        *("fork", "forkpty", "killpg", "getpgid", "setpgid", "getpgrp", "setsid", "getsid"),
        *("getuid", "geteuid", "getgid", "getegid", "getgroups", "setuid", "setgid", "sync"),
        *("mkfifo", "mknod", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_SYNC"),
        *("sched_getaffinity", "sched_setaffinity", "chown", "lchown", "fchown", "fdatasync"),
        *("statvfs", "fstatvfs", "pread", "pwrite", "sendfile", "posix_fallocate", "nice"),
        *("getpriority", "setpriority", "wait", "wait3", "wait4", "waitid", "uname", "getloadavg"),
        *("sysconf", "confstr", "openpty", "pipe2", "splice", "memfd_create", "register_at_fork"),
        *("getxattr", "setxattr", "listxattr", "posix_spawn", "WNOHANG"),
    },
    "signal": {
        *("SIGHUP", "SIGALRM", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGQUIT", "SIGSTOP"),
        *("SIGCONT", "SIGPIPE", "SIGXCPU", "setitimer", "getitimer", "alarm", "pause"),
        *(
            "SIG_BLOCK",
            "SIG_UNBLOCK",
            "SIG_SETMASK",
            "pthread_sigmask",
            "pthread_kill",
            "sigwait",
            "sigpending",
            "siginterrupt",
        ),
        "ITIMER_REAL",
    },
    "time": {"tzset", "pthread_getcpuclockid"},
}


class Other(ModuleType):
    """A module without some of its names, and with other values of some."""

    def __init__(self, module: ModuleType, without: set[str], **values: object) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(_module=module, _without=without, **values)

    def __getattr__(self, name: str) -> object:
        if name in self._without:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} there")
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._module, name, value)


def windows() -> tuple[set[str], dict[str, ModuleType]]:
    """Missing modules, and other ones by name."""
    import fcntl
    import os
    import signal

    def locking(descriptor: int, mode: int, count: int) -> None:
        if mode != 2:
            raise ValueError(mode)
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, count, 0, os.SEEK_CUR)

    def wait(parent: int, _: int) -> None:
        while os.getppid() == parent:
            time.sleep(0.1)

    own = {
        "msvcrt": SimpleNamespace(locking=locking, LK_NBLCK=2),
        "_winapi": SimpleNamespace(
            OpenProcess=lambda rights, inherit, number: number,
            WaitForSingleObject=wait, INFINITE=-1,
        ),
    }  # fmt: skip
    values = {"os": {"name": "nt"}, "sys": {"platform": "win32"}}
    there = {"os": os, "signal": signal, "sys": sys, "time": time}
    return MODULES, own | {
        name: Other(module, NAMES.get(name, set()), **values.get(name, {}))
        for name, module in there.items()
    }


def macos() -> tuple[set[str], dict[str, ModuleType]]:
    """Missing modules, and other ones by name; the exchange of folders is not there either."""
    import os

    library = SimpleNamespace()
    without = {"sched_getaffinity", "sched_setaffinity", "pipe2", "memfd_create", "splice"}
    return set(), {
        "sys": Other(sys, set(), platform="darwin"),
        "os": Other(os, without),
        "ctypes": Other(ctypes, set(), CDLL=lambda *_, **__: library),
    }


def start(system: str) -> None:
    """Be such a system for all modules of the package that are imported from now on."""
    missing, other = {"windows": windows, "macos": macos}[system]()
    plain = builtins.__import__

    def imported(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002
        if str((globals or {}).get("__name__", "")).split(".")[0] == "lossmodel":
            if name in missing:
                raise ModuleNotFoundError(f"No module named {name!r} there", name=name)
            if name in other:
                return other[name]
        return plain(name, globals, locals, fromlist, level)

    builtins.__import__ = imported
