# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Bring a set of files to the volume: threads with a connection each, and threads that make files durable."""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING

from modelplane_hydrator import errors, http1
from modelplane_hydrator.pool import Pool
from modelplane_hydrator.retry import Attempts, Crawl
from modelplane_hydrator.source import Answer, Lines, RetryError, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelplane_hydrator.counters import Counters
    from modelplane_hydrator.journal import Done
    from modelplane_hydrator.staged import Buffer, Staged
    from modelplane_hydrator.timing import Sizes, Timing

ADVANCE = -1
BACKLOG = 256
AHEAD = 64
AT_ONCE = 2
"""Large files are fetched in pairs: a file is hashed by one thread at a time, which shares its core with the others."""
CUTS = 0.05
PIECE = 1 << 20


class Fetch:
    """One fetch of many files; used once."""

    def __init__(self, source: Source, counters: Counters, timing: Timing, sizes: Sizes, done: Done) -> None:
        self.source = source
        self.counters = counters
        self.timing = timing
        self.sizes = sizes
        self.done = done
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.stop = threading.Event()
        buffers = sizes.connections + sizes.spare_buffers
        self.pool = Pool(buffers, sizes.range_bytes, self.changed, self.stop)
        self.tasks: dict[Staged, deque[int]] = {}
        self.window = buffers
        self.settling: queue.Queue[Staged | None] = queue.Queue(BACKLOG)
        self.lines: list[Lines] = []
        self.unsettled = 0
        self.receiving = 0
        self.failure: BaseException | None = None

    def run(self, files: Sequence[Staged], check: Callable[[], None]) -> None:
        """Fetch, verify and store every file, or raise the first failure."""
        self.unsettled = len(files)
        for staged in files:
            self.tasks[staged] = deque([*([ADVANCE] if staged.arrived else []), *staged.missing()])
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(self.sizes.connections)]
        syncers = [threading.Thread(target=self._settle, daemon=True) for _ in range(self.sizes.syncers)]
        try:
            for thread in [*workers, *syncers]:
                thread.start()
            self._watch(check)
        finally:
            self._end(workers, syncers)
            for staged in files:
                staged.close()
        if self.failure is not None:
            raise self.failure

    def _watch(self, check: Callable[[], None]) -> None:
        """Wait until everything is settled or something failed."""
        crawl = Crawl(self.timing)
        while True:
            with self.changed:
                if self.failure is not None or self.unsettled == 0:
                    return
                self.changed.wait(self.timing.bar)
                receiving = self.receiving
            check()
            if receiving:
                crawl.check(self.counters.received)
            else:
                crawl = Crawl(self.timing)

    def _end(self, workers: list[threading.Thread], syncers: list[threading.Thread]) -> None:
        """Stop every thread and wait for it: nobody writes after this."""
        self.stop.set()
        with self.changed:
            self.changed.notify_all()
        while alive := [thread for thread in workers if thread.is_alive()]:
            for one in tuple(self.lines):
                one.cut()
            alive[0].join(CUTS)
        started = [thread for thread in syncers if thread.ident is not None]
        for _ in started:
            self.settling.put(None)
        for thread in started:
            thread.join()

    def _fail(self, err: BaseException) -> None:
        """Keep the first failure and stop."""
        with self.changed:
            if self.failure is None and not self.stop.is_set():
                self.failure = err
            self.stop.set()
            self.changed.notify_all()

    def _work(self) -> None:
        """Fetch range after range over this thread's own connections."""
        lines = Lines(self.source.network)
        with self.lock:
            self.lines.append(lines)
        try:
            while (task := self._next()) is not None:
                self._do(*task, lines)
        except BaseException as err:  # noqa: BLE001 - kept, and raised again by run
            self._fail(err)
        finally:
            lines.close()

    def _next(self) -> tuple[Staged, int] | None:
        """Return the next range to fetch, nothing at the end."""
        with self.changed:
            while not self.stop.is_set() and self.unsettled:
                if (task := self._ready()) is not None:
                    return task
                self.changed.wait()
            return None

    def _ready(self) -> tuple[Staged, int] | None:
        """Return a range that its file's hashing will reach soon, of the file that is hungrier; the lock is held."""
        spent = [staged for staged, indexes in itertools.islice(self.tasks.items(), AHEAD) if not indexes]
        for staged in spent:
            del self.tasks[staged]
        first = itertools.islice(self.tasks.items(), AHEAD)
        ready = ((staged, indexes) for staged, indexes in first if indexes and indexes[0] < staged.next + self.window)
        hungry = min(itertools.islice(ready, AT_ONCE), key=_lead, default=None)
        if hungry is not None:
            staged, indexes = hungry
            return staged, indexes.popleft()
        return self._ready() if spent else None

    def _do(self, staged: Staged, index: int, lines: Lines) -> None:
        """Do one task."""
        if index == ADVANCE:
            with self.lock:
                if staged.hashing:
                    return
                staged.hashing = True
            self._advance(staged)
            return
        buffer = self.pool.take()
        with self.lock:
            self.receiving += 1
        try:
            filled = self._range(staged, index, lines, buffer)
        finally:
            with self.lock:
                self.receiving -= 1
        if filled:
            self._arrive(staged, index, buffer)
        else:
            self.pool.give(buffer)

    def _range(self, staged: Staged, index: int, lines: Lines, buffer: Buffer) -> bool:
        """Fill a buffer with one range; False where the source only gives whole files and gave it so."""
        start, end = staged.span(index)
        attempts, best, buffer.filled = Attempts(self.timing, self.stop), 0, 0
        while buffer.filled < end - start:
            try:
                answer = self.source.get(lines, staged.entry, start + buffer.filled, end)
                if answer.whole and staged.count > 1:
                    return self._stream(staged, lines, answer)
                buffer.filled = 0 if answer.whole else buffer.filled
                self._receive(answer, buffer, end - start)
            except (RetryError, http1.BrokenError, OSError) as err:
                if buffer.filled > best:
                    best = buffer.filled
                    attempts.progress()
                self._retry(err, attempts, lines)
        return True

    def _receive(self, answer: Answer, buffer: Buffer, size: int) -> None:
        """Read from a body until the buffer holds a size; a body that ends before is cut."""
        while buffer.filled < size:
            most = min(size, buffer.filled + PIECE)
            count = answer.body.read_into(buffer.memory[buffer.filled : most])
            if count == 0 or self.stop.is_set():
                raise http1.BrokenError("the answer ended early")
            buffer.filled += count
            self.counters.receive(count)

    def _retry(self, err: Exception, attempts: Attempts, lines: Lines) -> None:
        """Wait before another attempt, or raise what the failure means."""
        if self.stop.is_set():
            raise err
        problem, wanted = (err.problem, err.asked) if isinstance(err, RetryError) else (self._trouble(err), None)
        if not isinstance(problem, errors.TransientError):
            raise problem from err
        if not isinstance(err, RetryError):
            lines.close()
        self.counters.reason = problem.reason
        attempts.wait(problem, asked=wanted)

    def _trouble(self, err: Exception) -> errors.HydrateError:
        """Return what a broken connection means."""
        return http1.trouble(err, self.source.home)

    def _stream(self, staged: Staged, lines: Lines, answer: Answer) -> bool:
        """Take a large file from its first byte to its last, from a source without ranges."""
        with self.lock:
            if staged.whole:
                answer.body.drop()
                return False
            staged.whole = True
            self.tasks[staged] = deque(index for index in self.tasks.get(staged, ()) if index == ADVANCE)
        attempts, best = Attempts(self.timing, self.stop), 0
        given: Answer | None = answer
        while given is not None:
            reached = 0
            try:
                for index in range(staged.count):
                    self._pass(staged, index, given)
                    reached = index + 1
                given = None
            except (RetryError, http1.BrokenError, OSError) as err:
                if reached > best:
                    best = reached
                    attempts.progress()
                self._retry(err, attempts, lines)
                given = self._reopen(staged, lines, attempts)
        return False

    def _reopen(self, staged: Staged, lines: Lines, attempts: Attempts) -> Answer:
        """Ask for a whole file again."""
        while True:
            try:
                return self.source.get(lines, staged.entry, 0, staged.entry.size)
            except (RetryError, http1.BrokenError, OSError) as err:
                self._retry(err, attempts, lines)

    def _pass(self, staged: Staged, index: int, answer: Answer) -> None:
        """Take the next range of a whole file, and keep it if it is missing."""
        start, end = staged.span(index)
        buffer = self.pool.take()
        buffer.filled = 0
        try:
            self._receive(answer, buffer, end - start)
        except BaseException:
            self.counters.keep(-buffer.filled)
            self.pool.give(buffer)
            raise
        with self.lock:
            wanted = index >= staged.next and index not in staged.arrived
        if wanted:
            self._arrive(staged, index, buffer)
            return
        self.counters.keep(start - end)
        self.pool.give(buffer)

    def _arrive(self, staged: Staged, index: int, buffer: Buffer) -> None:
        """Store a range, and hash what it completes."""
        staged.write(index, buffer.view, self.lock)
        with self.lock:
            self.pool.park(staged, index, buffer)
            if staged.hashing:
                return
            staged.hashing = True
        self._advance(staged)

    def _advance(self, staged: Staged) -> None:
        """Hash every range whose turn it is, and settle the file after the last."""
        while True:
            with self.lock:
                index = staged.next
                if index < staged.count and index not in staged.arrived:
                    staged.hashing = False
                    return
                buffer = self.pool.unpark(staged, index) if index < staged.count else None
            if index == staged.count:
                self._finish(staged)
                return
            stored = buffer is None
            buffer = buffer or self.pool.take()
            good = (not stored or staged.read(index, buffer, self.lock)) and staged.digest(buffer.view)
            if not good and not stored:
                self._distrust(staged)
                good = staged.digest(buffer.view)
            self.pool.give(buffer, hashed=not stored)
            if not good:
                self._again(staged, [index])

    def _distrust(self, staged: Staged) -> None:
        """Forget what the journal says from here on: the source's bytes are others."""
        with self.lock:
            stored = [index for index, buffer in staged.arrived.items() if buffer is None]
            for index in stored:
                del staged.arrived[index]
            if staged.prefixes is not None:
                staged.prefixes.cut(staged.next)
        self._again(staged, stored)

    def _again(self, staged: Staged, indexes: Sequence[int]) -> None:
        """Have ranges fetched once more, before others."""
        self.counters.keep(-sum(end - start for start, end in map(staged.span, indexes)))
        with self.changed:
            self.tasks = {staged: deque([*indexes, *self.tasks.pop(staged, ())]), **self.tasks}
            self.changed.notify_all()

    def _finish(self, staged: Staged) -> None:
        """Settle a file whose digest is the commit's, or begin it anew."""
        if staged.right():
            self.settling.put(staged)
            return
        self.counters.reason = errors.ChecksumMismatchError.reason
        with self.lock:
            staged.again(self.timing.refetches)
            staged.hashing = staged.whole = False
        self.source.signed.pop(staged.entry.path, None)
        self._again(staged, range(staged.count))

    def _settle(self) -> None:
        """Make one verified file after another durable."""
        while (staged := self.settling.get()) is not None:
            try:
                if self.failure is None:
                    staged.settle(self.lock)
                    with self.changed:
                        self.done.add(staged.entry, staged.path)
                        self.unsettled -= 1
                        self.changed.notify_all()
            except BaseException as err:  # noqa: BLE001 - kept, and raised again by run
                self._fail(err)


def _lead(one: tuple[Staged, deque[int]]) -> int:
    """Return how far the next range of a file is ahead of its hashing."""
    staged, indexes = one
    return indexes[0] - staged.next
