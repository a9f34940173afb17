"""The backend's commands: serve, worker, migrate, token, doctor and the headless demo."""

import argparse
import asyncio
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from graveshift.errors import GraveshiftError, SettingsError
from graveshift.log import configure

LASTING = ("serve", "worker", "demo")


def parser() -> argparse.ArgumentParser:
    """Every command and option; each command imports what it needs when it runs."""
    top = argparse.ArgumentParser(prog="graveshift", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the service: API, runner and housekeeping")
    serve.add_argument("--host", help="address to listen on (default: api.host)")
    serve.add_argument("--port", type=port, help="port to listen on (default: api.port)")
    serve.add_argument("--uds", metavar="PATH", help="listen on this Unix socket instead")
    _add_worker(commands.add_parser("worker", help="run jobs"))
    commands.add_parser("migrate", help="bring the database to the schema this version needs")
    _add_token(commands.add_parser("token", help="make, list and revoke API tokens"))
    commands.add_parser("doctor", help="check that everything this program needs is in place")
    _add_demo(commands.add_parser("demo", help="a small real system that fails on request"))
    return top


def port(text: str) -> int:
    """A port as typed; 0 is any free one."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return number


def rate(text: str) -> float:
    """Jobs a second as typed; 0 is none."""
    number = float(text)
    if not 0 <= number <= 100_000:
        raise argparse.ArgumentTypeError("a rate is 0 to 100,000 a second")
    return number


def letters(text: str) -> int:
    """How many, as typed."""
    number = int(text)
    if not 0 <= number <= 10_000_000:
        raise argparse.ArgumentTypeError("letters are 0 to 10,000,000")
    return number


def places(text: str) -> int:
    """How many jobs a worker may have at a time, as typed."""
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("jobs at a time are 1 to 1,000")
    return number


def _add_worker(worker: argparse.ArgumentParser) -> None:
    worker.add_argument("--handlers", required=True, metavar="MODULE:MAPPING", help="kind -> function")
    worker.add_argument("--queues", default="", metavar="A=3,B", help="with weights (default: worker.queues, else all)")
    worker.add_argument("--order", choices=("weighted", "strict"), help="among these queues (default: worker.order)")
    worker.add_argument("--concurrency", type=places, help="jobs at a time (default: worker.concurrency)")
    worker.add_argument("--with-parent", action="store_true", help="stop when standard input closes")


def _add_token(token: argparse.ArgumentParser) -> None:
    acts = token.add_subparsers(dest="act", required=True)
    create = acts.add_parser("create", help="print a new token, once")
    create.add_argument("--role", required=True, choices=("viewer", "operator", "admin"))
    create.add_argument("--name", required=True, help="whose it is; shown in the audit record")
    acts.add_parser("list", help="tokens, without their values")
    revoke = acts.add_parser("revoke", help="make a token worthless at once")
    revoke.add_argument("id")


def _add_demo(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--headless", action="store_true", required=True, help="print one JSON line and serve")
    demo.add_argument("--port", type=port, default=0, help="of the API (default: any free one)")
    demo.add_argument("--data-dir", type=Path, help="where its data lies (default: a temporary folder)")
    demo.add_argument("--keep", action="store_true", help="keep the data for the next start; needs --data-dir")
    demo.add_argument("--rate", type=rate, default=20.0, help="jobs per second (default: 20)")
    demo.add_argument("--seed", type=int, default=1, help="of the stream of jobs")
    demo.add_argument("--letters", type=letters, default=0, help="start with this many dead letters")
    demo.add_argument("--with-parent", action="store_true", help="stop when standard input closes")


async def _run(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "doctor":
            from graveshift.doctor import examine

            return await examine()
        case "demo":
            from graveshift.demo.stage import Options, perform

            await perform(Options(**{name: getattr(arguments, name) for name in Options.__struct_fields__}))
            return 0
        case _:
            return await _serve(arguments)


async def _serve(arguments: argparse.Namespace) -> int:
    from graveshift import service

    match arguments.command, getattr(arguments, "act", None):
        case "serve", _:
            return await service.serve(arguments.host, arguments.port, arguments.uds)
        case "worker", _:
            queues = [name for name in arguments.queues.split(",") if name]
            wanted = service.Wanted(queues, arguments.order, arguments.concurrency)
            return await service.work(arguments.handlers, wanted, with_parent=arguments.with_parent)
        case "migrate", _:
            print(f"the database is at {await service.migrate()}")
        case "token", "create":
            print(await service.create_token(arguments.name, arguments.role))
        case "token", "revoke":
            print(await service.revoke_token(arguments.id))
        case _:
            print(await service.list_tokens())
    return 0


def _loop(command: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """For what runs for long, whose loop turns for every job and answer: the quick one where there is one."""
    if command not in LASTING or importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; an error of ours is one line on standard error, and 2 where what was asked for is at fault."""
    arguments = parser().parse_args(argv)
    configure()
    try:
        with asyncio.Runner(loop_factory=_loop(arguments.command)) as runner:
            return runner.run(_run(arguments))
    except GraveshiftError as error:
        print(f"graveshift: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
