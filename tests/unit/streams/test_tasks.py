"""Tasks of ours end, also when a cancellation gets lost on its way."""

from __future__ import annotations

import asyncio

from streams.tasks import end_tasks


async def answered_for_ever(answer: asyncio.Future[int]) -> None:
    while True:
        await asyncio.wait_for(answer, 5)
        await asyncio.sleep(3_600)


async def deaf(times: int) -> None:
    """Swallows that many cancellations, as `wait_for` may."""
    while times:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            times -= 1
    await asyncio.sleep(3_600)


async def test_a_cancellation_that_comes_with_the_answer_ends_the_task() -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(answered_for_ever(answer))
    await asyncio.sleep(0)
    answer.set_result(1)
    await asyncio.wait_for(end_tasks(task), 10)
    assert task.done()


async def test_what_forgets_a_cancellation_is_asked_again() -> None:
    task = asyncio.create_task(deaf(2))
    await asyncio.sleep(0)
    await asyncio.wait_for(end_tasks(task), 10)
    assert task.cancelled()


async def test_what_is_over_or_was_never_begun_is_left_alone() -> None:
    async def fails() -> None:
        raise ValueError("for a reason")

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await end_tasks(None, task)
    assert isinstance(task.exception(), ValueError)
