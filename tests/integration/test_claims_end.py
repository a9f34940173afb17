"""A backend at work forgets claims whose end has passed, by itself."""

from pathlib import Path

from sqlalchemy import text

from graveshift import bootstrap
from graveshift.place import open_database
from graveshift.settings import DatabaseSettings, LoopSettings, Settings
from tests.waiting import until

ROWS = text("SELECT group_id FROM graveshift_ledger.claims ORDER BY group_id")


async def test_the_tidy_loop_forgets_a_claim_at_its_end_and_leaves_the_others(database: str, tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path), database=DatabaseSettings(url=database), loops=LoopSettings(tidy_s=1))
    async with open_database(settings) as opened, bootstrap.running(settings, opened) as backend:
        async with backend.engine.begin() as connection:
            await connection.execute(
                text("""INSERT INTO graveshift_ledger.claims (group_id, owner, since, until)
                        VALUES ('a', 'ben', now(), now()), ('b', 'ben', now(), now() + interval '1 hour'),
                               ('c', 'ben', now(), NULL)""")
            )

        async def are_left() -> bool:
            async with backend.engine.connect() as connection:
                return [row.group_id for row in await connection.execute(ROWS)] == ["b", "c"]

        await until(are_left, within=15)
