"""What verbs may reach, of the parts."""

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from graveshift import embedded
from graveshift.archives.local import LocalArchive
from graveshift.bootstrap.parts import Parts
from graveshift.delivery import delivery_of
from graveshift.dump import Dumper
from graveshift.interpreter import Interpreter
from graveshift.operation import World
from graveshift.rotator import Rotator
from graveshift.rotators.role import RoleRotator
from graveshift.rotators.signing import SigningRotator
from graveshift.store.filters import FilterBook
from graveshift.store.letters import ForeignLetters
from graveshift.store.login import LoginFile


def world_of(parts: Parts) -> World:
    """Every port, by the name of its system or kind."""
    settings, queue, database = parts.settings, parts.queue, parts.database
    system, server = queue.source.system, database.server
    bin_dir = server.bin_dir if server else Path(settings.database.bin_dir or embedded.find_bin_dir())
    folder = Path(settings.backup.dir) if settings.backup.dir else parts.home / "backups"
    return World(
        environment=settings.environment.name,
        rate_per_s=settings.desk.rate_per_s,
        sources={system: queue.source} | {source.system: source for source in parts.foreign},
        letters={system: queue.letters}
        | {source.system: ForeignLetters(parts.engine, source) for source in parts.foreign},
        jobs={system: queue.jobs},
        timetable=parts.timetable,
        runs=parts.runs,
        backups=parts.backups,
        claims=parts.claims,
        archive=LocalArchive(folder),
        dumper=Dumper(database.past_pooler, bin_dir, database.login),
        vault=parts.vault,
        rotators=_rotators(parts),
        interpreter=Interpreter(parts.runs.now, FilterBook(parts.engine)),
        trash={system: queue.trash},
        keep_trash_days=settings.queue.keep_trash_days,
        delivery=delivery_of(settings.delivery.may_have_arrived),
        redaction=parts.redaction,
        undo_window_s=settings.desk.undo_window_s,
        died_again_limit=settings.desk.died_again_limit,
        backup_above=settings.desk.backup_above,
        backup_age_s=settings.desk.backup_age_s,
        free_bytes=partial(_free, server.data_dir) if server else lambda: None,
        trials={system: queue.trials},
        drip=settings.drip,
        probes=settings.probes,
    )


def _free(data_dir: Path) -> int | None:
    try:
        return shutil.disk_usage(data_dir).free
    except OSError:
        return None


def _rotators(parts: Parts) -> Mapping[str, Rotator]:
    rotators: list[Rotator] = [SigningRotator(parts.vault)]
    server, login = parts.database.server, parts.database.login
    if server and isinstance(login, LoginFile):
        rotators.append(RoleRotator(server.url, server.superuser_dsn, login))
    return {rotator.kind: rotator for rotator in rotators}
