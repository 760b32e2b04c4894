"""Compiled kernels: one decorator, with an on-disk cache that cannot break a run.

Numba caches compiled code beside the source or, where that is not writable, in the user's cache directory. What it
does not survive by itself is no writable place at all (an error at import), and a damaged cache file (an error at the
first call). Here both cost only a compilation. ``LOTL_CACHE_DIR`` moves the cache.

Numba also notices only changes of the file that a kernel is in. A kernel may call kernels of other files; their files
count here as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

DIRECTORY_VARIABLE = "LOTL_CACHE_DIR"
"""Environment variable: directory for everything that lotl caches."""


def jit(*, boundscheck: bool = False, allocates: bool = True, inline: bool = False) -> Callable[[Function], Function]:
    """Compile a function at its first call, without the GIL, and keep the machine code on disk.

    Parameters
    ----------
    boundscheck : bool
        Check every index and raise IndexError. For whatever reads bytes that an attacker may have written.
    allocates : bool
        False for a kernel that makes no array, string or list: it then does without counting references to its
        arguments, which costs more than the work in a loop that passes (tuples of) arrays to other kernels.
    inline : bool
        Insert the kernel's code where another kernel calls it, whatever its size.

    Returns
    -------
    callable
        Decorator. The plain Python function stays reachable as ``kernel.py_func``.

    Examples
    --------
    >>> @jit()
    ... def double(number):
    ...     return number * 2
    >>> double.py_func(21)
    42
    """

    def decorate(function: Function) -> Function:
        numba = _numba("numba")
        options = {"nogil": True, "boundscheck": boundscheck, "forceinline": inline}
        dispatcher = numba.njit(_nrt=allocates, **options)(function)
        cache = _open_cache(function)
        if cache is not None:
            dispatcher._cache = cache
        return cast(Function, dispatcher)

    return decorate


@contextmanager
def announce(listener: Callable[[str], None]) -> Iterator[None]:
    """Call `listener` with a kernel's name whenever one is about to be compiled (a cached one is not).

    Parameters
    ----------
    listener : callable
        Takes the name of the kernel.
    """
    event = _numba("numba.core.event")

    class Listener(event.Listener):  # type: ignore[misc, name-defined]
        def on_start(self, event: Any) -> None:
            listener(event.data["dispatcher"].py_func.__name__)

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


def _numba(module: str) -> Any:
    # Some versions of Numba come with types and some without: here it has none.
    return import_module(module)


def _open_cache(function: Callable[..., Any]) -> Any:
    """Return a cache for `function`, or None where nothing is writable or the function has no file."""
    config = _numba("numba.core.config")
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    before = config.CACHE_DIR
    try:
        if chosen:
            config.CACHE_DIR = str(Path(chosen) / "kernels")
        return _cache_class()(function)
    except (RuntimeError, OSError):
        return None
    finally:
        config.CACHE_DIR = before


def _cache_class() -> Any:
    """Return Numba's function cache with its failures turned into misses."""
    base = _numba("numba.core.caching").FunctionCache

    class Cache(base):  # type: ignore[misc, valid-type]
        def __init__(self, py_func: Callable[..., Any]) -> None:
            super().__init__(py_func)
            self._cache_file._source_stamp = (self._cache_file._source_stamp, *_stamps(py_func))

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            # Unpickling damaged bytes can raise anything; whatever it is, compiling again repairs it.
            try:
                return super().load_overload(sig, target_context)
            except Exception:
                self._forget()
                return None

        def save_overload(self, sig: Any, data: Any) -> None:
            try:
                super().save_overload(sig, data)
            except Exception:
                self.disable()

        def _forget(self) -> None:
            try:
                self.flush()
            except OSError:
                self.disable()

    return Cache


def _stamps(function: Callable[..., Any]) -> list[tuple[str, int, int]]:
    """Return name, time and size of the files of all kernels that `function` calls, directly or not."""
    stamps: set[tuple[str, int, int]] = set()
    pending, known = [function], {function}
    while pending:
        caller = pending.pop()
        for name in caller.__code__.co_names:
            called = getattr(caller.__globals__.get(name), "py_func", None)
            if called is not None and called not in known:
                known.add(called)
                pending.append(called)
                path = Path(called.__code__.co_filename)
                with suppress(OSError):
                    stat = path.stat()
                    stamps.add((path.name, stat.st_mtime_ns, stat.st_size))
    return sorted(stamps)
