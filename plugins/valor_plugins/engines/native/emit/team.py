"""Several threads at one program: all run the same code, each with a number of its own.

Every thread goes through all steps. Where there is something to share out, each takes its part of
a loop, and at a *barrier* they wait for each other. Samples are shared out going forward, and
parameters when gradients are collected and updated. So no sum is ever split, and the results do not
depend on how many threads there are.

Threads are POSIX threads, started and joined within one native call: nothing that happens in
Python, such as Ctrl-C, can leave one of them waiting.
"""

import platform
import sys
from contextlib import AbstractContextManager, nullcontext

from valor_plugins.engines.native.emit.writer import Loop, Writer

# The area "team", in lines of a cache, so that no two threads write on the same one: how many have
# arrived at a barrier; how many barriers are passed; what the starting threads are told; then a
# line for each thread.
LINE = 64
_PASSED, _GATE, _NOTES = LINE, 2 * LINE, 3 * LINE
_GO, _LEAVE = 1, 2
_BUSY = 200  # looks at a barrier, before a thread lets others have its core

Part = tuple[str | int, str | int]  # from where to where a loop goes


MOST = 64  # threads


def available() -> bool:
    """Tell whether this platform has the threads that compiled code starts."""
    return sys.platform != "win32"


def size(threads: int) -> int:
    """Return how many doubles the area "team" needs."""
    return (_NOTES + threads * LINE) // 8


def part(writer: Writer, start: str | int, stop: str | int, step: int = 1) -> Part:
    """Write down from where to where this thread goes in a loop."""
    if writer.threads == 1:
        return start, stop
    length = writer.let(f"sub i64 {stop}, {start}")
    rounds = writer.let(f"udiv i64 {writer.plus(length, step - 1)}, {step}")
    first, last = (
        writer.plus(
            writer.times(
                writer.let(f"udiv i64 {writer.times(rounds, number)}, {writer.threads}"), step
            ),
            start,
        )
        for number in ("%thread", writer.let("add i64 %thread, 1"))
    )
    return first, writer.least(last, stop)


def shared(
    writer: Writer, start: str | int, stop: str | int, step: int = 1, prefix: str = "loop"
) -> AbstractContextManager[Loop]:
    """Write a loop of which each thread does its part."""
    first, last = part(writer, start, stop, step)
    return writer.loop(first, last, step, prefix=prefix)


def barrier(writer: Writer) -> None:
    """Write a place where each thread waits for all others."""
    if writer.threads > 1:
        writer.line("call void @valor.barrier(ptr %team)")


def by_one(writer: Writer) -> AbstractContextManager[None]:
    """Write what only the first thread does."""
    if writer.threads == 1:
        return nullcontext()
    return writer.when(writer.let("icmp eq i64 %thread, 0"), "alone")


def total(writer: Writer, value: str) -> str:
    """Write the sum of what each thread has, at a barrier; all of them get the same."""
    if writer.threads == 1:
        return value
    mine = writer.at("%team", writer.times("%thread", LINE), _NOTES)
    writer.store(value, mine)
    barrier(writer)
    result = writer.load(writer.at("%team", _NOTES))
    for thread in range(1, writer.threads):
        note = writer.load(writer.at("%team", _NOTES + thread * LINE))
        result = writer.op("fadd", "double", result, note)
    return result


def function(writer: Writer, field: int) -> str:
    """Return ``i64 run(ptr context, i64 steps)``, which does what was written.

    Args:
        writer: what was written.
        field: the place of the area "team" in the context.

    The function returns -1, and has done nothing, if the system has no more threads to give.
    """
    body = "\n".join(["entry:", *writer.lines, "}", ""])
    if writer.threads == 1:
        return f"define i64 @run(ptr noalias %context, i64 %steps) {{\n{body}"
    pause = ""
    if platform.machine().lower() in ("x86_64", "amd64"):
        pause = "call void @llvm.x86.sse2.pause()"
    return f"""\
define internal i64 @part(ptr noalias %context, i64 %steps, i64 %thread) {{
{body}
declare i32 @sched_yield()
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
declare void @llvm.x86.sse2.pause()

define internal void @valor.barrier(ptr %team) noinline {{
entry:
  %passed = getelementptr i8, ptr %team, i64 {_PASSED}
  %before = load atomic i64, ptr %passed monotonic, align 8
  %arrived = atomicrmw add ptr %team, i64 1 acq_rel
  %last = icmp eq i64 %arrived, {writer.threads - 1}
  br i1 %last, label %open, label %look
open:
  %following = add i64 %before, 1
  store atomic i64 0, ptr %team monotonic, align 8
  store atomic i64 %following, ptr %passed release, align 8
  ret void
look:
  %looks = phi i64 [ 0, %entry ], [ %more, %wait ], [ %more, %yield ]
  %more = add i64 %looks, 1
  %now = load atomic i64, ptr %passed acquire, align 8
  %closed = icmp eq i64 %now, %before
  br i1 %closed, label %wait, label %through
wait:
  {pause}
  %patient = icmp ult i64 %looks, {_BUSY}
  br i1 %patient, label %look, label %yield
yield:
  call i32 @sched_yield()
  br label %look
through:
  ret void
}}

%Job = type {{ ptr, i64, i64 }}

define internal ptr @valor.thread(ptr %job) {{
entry:
  %steps.at = getelementptr %Job, ptr %job, i64 0, i32 1
  %thread.at = getelementptr %Job, ptr %job, i64 0, i32 2
  %context = load ptr, ptr %job
  %steps = load i64, ptr %steps.at
  %thread = load i64, ptr %thread.at
  %team.at = getelementptr ptr, ptr %context, i64 {field}
  %team = load ptr, ptr %team.at
  %gate = getelementptr i8, ptr %team, i64 {_GATE}
  br label %look
look:
  %told = load atomic i64, ptr %gate acquire, align 8
  switch i64 %told, label %wait [ i64 {_GO}, label %go i64 {_LEAVE}, label %leave ]
wait:
  call i32 @sched_yield()
  br label %look
go:
  call i64 @part(ptr %context, i64 %steps, i64 %thread)
  br label %leave
leave:
  ret ptr null
}}

define i64 @run(ptr %context, i64 %steps) {{
entry:
  %jobs = alloca [{writer.threads} x %Job]
  %handles = alloca [{writer.threads} x i64]
  %team.at = getelementptr ptr, ptr %context, i64 {field}
  %team = load ptr, ptr %team.at
  %gate = getelementptr i8, ptr %team, i64 {_GATE}
  store atomic i64 0, ptr %team monotonic, align 8
  store atomic i64 0, ptr %gate release, align 8
  br label %start
start:
  %thread = phi i64 [ 1, %entry ], [ %next, %started ]
  %all = icmp eq i64 %thread, {writer.threads}
  br i1 %all, label %go, label %create
create:
  %job = getelementptr %Job, ptr %jobs, i64 %thread
  %steps.at = getelementptr %Job, ptr %job, i64 0, i32 1
  %thread.at = getelementptr %Job, ptr %job, i64 0, i32 2
  store ptr %context, ptr %job
  store i64 %steps, ptr %steps.at
  store i64 %thread, ptr %thread.at
  %handle = getelementptr i64, ptr %handles, i64 %thread
  %refused = call i32 @pthread_create(ptr %handle, ptr null, ptr @valor.thread, ptr %job)
  %fine = icmp eq i32 %refused, 0
  br i1 %fine, label %started, label %abandon
started:
  %next = add i64 %thread, 1
  br label %start
go:
  store atomic i64 {_GO}, ptr %gate release, align 8
  %done = call i64 @part(ptr %context, i64 %steps, i64 0)
  br label %join
abandon:
  store atomic i64 {_LEAVE}, ptr %gate release, align 8
  br label %join
join:
  %result = phi i64 [ %done, %go ], [ -1, %abandon ], [ %result, %joined ]
  %left = phi i64 [ %thread, %go ], [ %thread, %abandon ], [ %other, %joined ]
  %other = sub i64 %left, 1
  %more = icmp ugt i64 %other, 0
  br i1 %more, label %joined, label %end
joined:
  %handle.of = getelementptr i64, ptr %handles, i64 %other
  %its = load i64, ptr %handle.of
  call i32 @pthread_join(i64 %its, ptr null)
  br label %join
end:
  ret i64 %result
}}
"""
