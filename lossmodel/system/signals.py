"""Steps that no signal interrupts half-way."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ENDING", "undisturbed"]

# Signals that end a program: Ctrl-C, a service manager, a terminal that is closed.
ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


# The timer by which a command reminds itself of such a signal waits as well.
_WAITING: Final = (*ENDING, *(getattr(signal, n) for n in ("SIGALRM",) if hasattr(signal, n)))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Have signals that end the program wait until the end of this context.

    Processes that are started meanwhile never receive them: they have no handlers yet, and would
    end with a traceback on a signal to the whole group.

    Examples
    --------
    >>> earlier = signal.signal(signal.SIGINT, lambda *_: print("interrupted"))
    >>> with undisturbed():
    ...     signal.raise_signal(signal.SIGINT)
    ...     print("done")
    done
    interrupted
    >>> _ = signal.signal(signal.SIGINT, earlier)
    """
    waiting: list[int] = []
    earlier: dict[int, Any] = {}
    # Handlers run in the main thread, and are set in it only.
    if threading.current_thread() is threading.main_thread():
        for number in _WAITING:
            if callable(signal.getsignal(number)):
                earlier[number] = signal.signal(number, lambda n, _: waiting.append(n))
    mask = getattr(signal, "pthread_sigmask", None)  # Windows has none
    blocked = mask(signal.SIG_BLOCK, _WAITING) if mask is not None else None
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        if mask is not None:
            mask(signal.SIG_SETMASK, blocked)
        for number in dict.fromkeys(waiting):
            signal.raise_signal(number)
