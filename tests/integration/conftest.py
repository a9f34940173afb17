"""What several of these tests stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graveshift.store.engine import create_engine
from tests.front import Front


@pytest.fixture
async def front(database: str, tmp_path: Path) -> AsyncIterator[Front]:
    """The front of the house on a fresh database."""
    engine = create_engine(database)
    front = Front(engine, tmp_path)
    yield front
    await front.queue.close()
    await engine.dispose()
