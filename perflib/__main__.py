"""The command line: a thin wrapper over library calls."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from perflib import __version__, safety
from perflib.errors import PerflibError
from perflib.files import temporary
from perflib.reports import workspace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 refused or failed, 2 not understood."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a cp1252 console cannot show every name
    options = _parser().parse_args(arguments)
    try:
        with temporary.tidy():
            code = int(options.command(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # `perflib check ... | head`: the reader has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - or Python complains again at its end
        return 0
    except PerflibError as error:
        print(f"perflib: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("perflib: interrupted", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    from perflib.reports import from_assignments, pdf, run
    from perflib.reports.printing import find_chromium

    if options.pdf:
        find_chromium()  # its absence is said before the notebook runs
    result = run(
        options.notebook,
        from_assignments(options.parameter),
        department=options.department,
        out=options.out,
        progress=sys.stderr.isatty(),
    )
    print(f"{result.status}: {result.html} ({result.manifest['seconds']:.1f} s)")
    result.raise_if_failed()
    if options.pdf:
        print(f"printed: {pdf(result.html)}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from perflib.reports.batch import report
    from perflib.reports.progress import progress

    with progress(sys.stderr) as say:
        status = report(
            options.plan,
            workers=options.workers,
            resume=options.resume,
            scheduler=options.scheduler,
            department=options.department,
            out=options.out,
            allow_commands=options.allow_commands,
            say=say,
        )
    print(f"{status['done']} done, {status['failed']} failed of {status['runs_planned']} ({status['seconds']:.1f} s)")
    for words in status["hooks"]:
        print(f"perflib: {words}", file=sys.stderr)
    return 1 if status["failed"] else 0


def _check(options: argparse.Namespace) -> int:
    from perflib.sources.check import check

    checked = check(options.department)
    print(checked.json() if options.json else checked.text())
    return int(checked.exit_code)


def _sample(options: argparse.Namespace) -> int:
    from perflib import synthetic

    seed = {} if options.seed is None else {"seed": options.seed}
    written = synthetic.write(options.folder, scale=options.scale, agency=options.agency, **seed)
    print(f"sample department written to {written}")
    return 0


def _indicators(options: argparse.Namespace) -> int:
    from perflib.metrics import indicators

    rows = indicators.describe()
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    for row in rows:
        print(row["name"], f"{row['label']} ({row['unit']})", row["definition"], sep="\n    ")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="perflib", description="Police performance analyses, unattended.")
    parser.add_argument("--version", action="version", version=f"perflib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_report(commands)
    check = commands.add_parser("check", help="what became of every record of a department's sources")
    check.add_argument("department", metavar="DEPARTMENT", help="department file or folder")
    check.add_argument("--json", action="store_true", help="for machines")
    check.set_defaults(command=_check)
    safety.add_commands(commands)
    _add_sample(commands)
    dictionary = commands.add_parser("indicators", help="the dictionary of indicators")
    dictionary.add_argument("--json", action="store_true", help="for machines")
    dictionary.set_defaults(command=_indicators)
    workspace.add_commands(commands)
    return parser


def _add_run(commands: argparse._SubParsersAction) -> None:
    run = commands.add_parser("run", help="run a notebook and write its report")
    run.add_argument("notebook", metavar="NOTEBOOK", type=Path)
    run.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter; may be repeated"
    )
    run.add_argument("--department", default="", metavar="PATH", help="department file or folder; default: the sample")
    run.add_argument("--out", type=Path, metavar="DIR", help="folder for the report; default: reports/...")
    run.add_argument("--pdf", action="store_true", help="also print it to PDF, with this machine's Chromium")
    run.set_defaults(command=_run)


def _add_report(commands: argparse._SubParsersAction) -> None:
    report = commands.add_parser("report", help="run every report of a plan, many at once")
    report.add_argument("plan", metavar="PLAN.yml", type=Path)
    report.add_argument("--workers", type=_positive, metavar="N", help="reports at once; default: one per processor")
    report.add_argument("--resume", action="store_true", help="redo only what is missing, failed or changed")
    report.add_argument("--scheduler", default="", metavar="ADDRESS", help="run on the workers of this Dask scheduler")
    report.add_argument("--department", metavar="PATH", help="instead of the plan's; it may be anywhere")
    report.add_argument("--out", metavar="DIR", help="instead of the plan's; a folder anywhere, or an fsspec address")
    report.add_argument("--allow-commands", action="store_true", help="let the plan's hooks start programs")
    report.set_defaults(command=_report)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _add_sample(commands: argparse._SubParsersAction) -> None:
    sample = commands.add_parser("sample", help="write the synthetic sample department")
    sample.add_argument("folder", metavar="DIR", type=Path)
    sample.add_argument(
        "--scale",
        choices=("small", "sample", "events", "large"),
        default="sample",
        help="events: so much force and so many complaints that planted officers can be found",
    )
    sample.add_argument("--agency", choices=("city", "town"), default="city")
    sample.add_argument("--seed", type=int, help="another seed, another department")
    sample.set_defaults(command=_sample)


if __name__ == "__main__":
    sys.exit(main())
