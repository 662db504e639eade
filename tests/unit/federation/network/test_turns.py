from __future__ import annotations

import asyncio

from federation.turns import Turns


def test_a_few_go_on_in_each_round_in_the_order_in_which_they_came() -> None:
    async def story() -> None:
        turns, went, rounds = Turns(at_once=3), [], []

        async def work(number: int) -> None:
            await turns.wait()
            went.append(number)

        tasks = [asyncio.ensure_future(work(number)) for number in range(10)]
        while len(went) < 10:
            before = len(went)
            await asyncio.sleep(0)
            rounds.append(len(went) - before)
        await asyncio.gather(*tasks)
        assert went == list(range(10))
        assert max(rounds) == 3
        await asyncio.sleep(0)
        await work(10)
        assert went[-1] == 10

    asyncio.run(story())


def test_whoever_is_cut_off_leaves_the_turn_to_the_next() -> None:
    async def story() -> None:
        turns, went = Turns(at_once=1), []

        async def work(number: int) -> None:
            await turns.wait()
            went.append(number)

        tasks = [asyncio.ensure_future(work(number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert went == [0, 2, 3]

    asyncio.run(story())
