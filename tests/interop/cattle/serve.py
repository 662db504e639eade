"""Serves cattle-grid with one account, by its own means: `python serve.py PORT HANDLE`, in its environment.

Its migrations need PostgreSQL, so its tables are made from its models; and its handles leave the port of a
host out, so that the account gets one with it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from urllib.parse import urlsplit

import aiohttp.connector
import uvicorn
from aiohttp.resolver import ThreadedResolver
from cattle_grid import create_app
from cattle_grid.account.account import create_account
from cattle_grid.activity_pub.actor import create_actor
from cattle_grid.app import app_globals
from cattle_grid.database.account import ActorForAccount
from cattle_grid.database.activity_pub import Base
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine


async def prepare(handle: str) -> None:
    engine = create_async_engine(app_globals.application_config.db_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with async_sessionmaker(engine, expire_on_commit=False)() as session:
        base_url = app_globals.application_config.frontend_config.base_urls[0]
        account = await create_account(session, handle, handle, permissions=["admin"])
        actor = await create_actor(
            session,
            base_url,
            identifiers={"webfinger": f"acct:{handle}@{urlsplit(base_url).netloc}"},
            automatically_accept_followers=True,
        )
        session.add(ActorForAccount(account=account, actor=actor.actor_id, name=handle))
        await session.commit()
    await engine.dispose()


if __name__ == "__main__":
    aiohttp.connector.DefaultResolver = ThreadedResolver  # the other one has a resolver of its own
    logging.getLogger("cattle_grid.exchange.exception").setLevel(logging.DEBUG)  # else errors are not told
    asyncio.run(prepare(sys.argv[2]))
    # asyncio's own loop, which asks for names where `names/` can answer
    uvicorn.run(create_app(run_migration=False), host="127.0.0.1", port=int(sys.argv[1]), loop="asyncio")
