"""A world for verbs that make backups and rotate secrets, on a real database."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift import embedded
from graveshift.archive import Archive
from graveshift.archives.local import LocalArchive
from graveshift.dump import Dumper
from graveshift.operation import World
from graveshift.rotator import Rotator
from graveshift.seal import load_seal
from graveshift.store.backups import BackupBook
from graveshift.store.runs import RunBook
from graveshift.vault import Vault


def build_world(
    engine: AsyncEngine,
    folder: Path,
    *,
    archive: Archive | None = None,
    rotators: Mapping[str, Rotator] | None = None,
    grace_s: float = 3600,
) -> World:
    """Everything these verbs reach, and no queue system."""
    url = engine.url.render_as_string(hide_password=False)
    return World(
        environment="TEST",
        rate_per_s=50,
        sources={},
        letters={},
        jobs={},
        runs=RunBook(engine),
        backups=BackupBook(engine),
        archive=archive or LocalArchive(folder / "backups"),
        dumper=Dumper(url, embedded.find_bin_dir()),
        vault=Vault(engine, load_seal(folder / "key", make=True), grace_s),
        rotators=rotators or {},
    )
