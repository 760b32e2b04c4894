"""Workers: blocks go to processes, results come back in order.

Processes are started with ``spawn`` (the same on every system). A worker that dies, killed by the system or by a fault
in compiled code, does not stop the run: its blocks are tried once more, one at a time, and a block that kills a second
worker is reported as lost.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

from lotl.match.engine import Matcher
from lotl.match.seen import Seen
from lotl.plan.build import Plan
from lotl.scanning.second import SecondPass
from lotl.scanning.work import Done, Job, scan_block, take_seen
from lotl.sources.base import Account, Block

Item: TypeAlias = tuple[str, Block]
Answer: TypeAlias = tuple[Done, Seen]

_matcher: Matcher
_second: SecondPass | None
_job: Job


def _start(plan: Plan, job: Job) -> None:
    """Prepare a worker process (runs in it, once)."""
    global _matcher, _second, _job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    _matcher, _job = Matcher(plan), job
    _second = SecondPass(plan) if job.canonical else None


def _work(item: Item) -> Answer:
    done = scan_block(*item, _matcher, _job, _second)
    return done, take_seen(_matcher)


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """Keep new processes from running the caller's script again.

    ``spawn`` imports the main module in every child, so a script without ``if __name__ == "__main__"`` would start its
    whole scan in each of them. Workers need nothing from it; `multiprocessing.spawn.get_preparation_data` passes over
    a main module without spec and file.
    """
    main = vars(sys.modules["__main__"])
    kept: dict[str, Any] = {name: main.pop(name) for name in ("__spec__", "__file__") if name in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(kept)


class Pool:
    """A pool of matching processes.

    Parameters
    ----------
    plan : Plan
        Sent to each worker once, without the rules' texts.
    job : Job
    workers : int
    """

    def __init__(self, plan: Plan, job: Job, workers: int) -> None:
        self._plan, self._job, self._workers = replace(plan, rules=()), job, workers
        self._executor: ProcessPoolExecutor | None = None

    def _open(self, workers: int) -> ProcessPoolExecutor:
        self.close()
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(workers, context, _start, (self._plan, self._job))
        return self._executor

    def close(self) -> None:
        """Stop the workers at once, whatever they are doing."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        processes = list((executor._processes or {}).values())
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()

    def map(self, items: Iterable[Item]) -> Iterator[tuple[Item, Answer | None]]:
        """Yield each item with its answer, in order; None for a block that killed its worker twice.

        At most three blocks per worker are under way, which bounds memory.
        """
        executor = self._open(self._workers)
        source = iter(items)
        waiting: deque[tuple[Item, Future[Answer]]] = deque()
        try:
            while True:
                while len(waiting) < 3 * self._workers and (item := next(source, None)) is not None:
                    waiting.append((item, self._submit(executor, item)))
                if not waiting:
                    return
                item, future = waiting.popleft()
                try:
                    yield item, future.result()
                except BrokenProcessPool:
                    for retried, other in [(item, future), *waiting]:
                        finished = other.done() and other.exception() is None
                        yield retried, other.result() if finished else self._alone(retried)
                    waiting.clear()
                    executor = self._open(self._workers)
        finally:
            self.close()

    @staticmethod
    def _submit(executor: ProcessPoolExecutor, item: Item) -> Future[Answer]:
        try:
            with _main_left_alone():
                return executor.submit(_work, item)
        except BrokenProcessPool as error:
            future: Future[Answer] = Future()
            future.set_exception(error)
            return future

    def _alone(self, item: Item) -> Answer | None:
        try:
            return self._submit(self._open(1), item).result()
        except BrokenProcessPool:
            return None


def lost(item: Item) -> Done:
    """Account for a block that could not be worked on: its bytes are lost, and said to be."""
    accounts: dict[int, Account] = {}
    for extent in item[1].extents:
        account = accounts.setdefault(extent.source, Account("", extent.path))
        account.truncated += extent.length
        account.problem(
            f"bytes {extent.offset}-{extent.offset + extent.length}", "the process that read them died, twice"
        )
    return Done([], accounts, item[1].length)
