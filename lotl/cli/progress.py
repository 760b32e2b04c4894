"""Progress by bytes on stderr: only on a terminal, gone when done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lotl.reading import Progress


@contextmanager
def progress(words: str, *, wanted: bool = True) -> Iterator[Progress | None]:
    """Show a bar while the block runs; yields the callback to feed it, or None where there is none to show.

    A first run compiles its kernels, which takes a while: that is said, with a bar or without.
    """
    from lotl.kernel_cache import announce

    if not wanted or not sys.stderr.isatty():
        with announce(_say_once()):
            yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)

        def compiling(_kernel: str) -> None:
            bar.update(task, description="compiling kernels (first run only)")

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=words)

        with announce(compiling):
            yield update


def _say_once() -> Callable[[str], None]:
    said: list[str] = []

    def compiling(kernel: str) -> None:
        if not said:
            said.append(kernel)
            print("lotl: compiling kernels, up to a minute; later runs start at once", file=sys.stderr, flush=True)

    return compiling
