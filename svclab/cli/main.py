"""The entry point, and the one place where failures become exit codes."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from svclab.cli.commands import Commands
from svclab.cli.errors import BadUsage, CliError, ExitWith, api_error_text, api_error_type
from svclab.cli.global_options import global_options
from svclab.cli.messages import complain
from svclab.cli.settings import Settings


def _show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from svclab.cli.verbs.version import client_version

        click.echo(f"svclab {client_version()}")
        ctx.exit()


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@global_options
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, hidden=True)
@click.pass_context
def cli(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(args: Sequence[str] | None = None, settings: Settings | None = None) -> int:
    """Runs one command line (default: sys.argv) and returns its exit code. A failure is one line on stderr."""
    try:
        exit_code = _invoke(args, settings or Settings())
        sys.stdout.flush()  # what was written before a failure, too: main leaves without Python's own flush
        return exit_code
    except (BrokenPipeError, SystemExit):  # click makes an exit of a broken pipe
        return _leave_quietly()


def _invoke(args: Sequence[str] | None, settings: Settings) -> int:
    try:
        result = cli.main(args, prog_name="svclab", standalone_mode=False, obj=settings)
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, click.Abort):
        return 128 + signal.SIGINT
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except Exception as error:
        if settings.verbose and not isinstance(error, ExitWith):
            import traceback

            traceback.print_exc()
        return _report(error)


def _report(error: Exception) -> int:
    """Says in one line what went wrong; the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    if isinstance(error, click.UsageError):
        complain(f"error: {_in_our_form(error.format_message())}{_see_help(error.ctx)}")
        return 1
    if isinstance(error, BadUsage):
        complain(f"error: {error}")
        return 1
    if isinstance(error, CliError):
        if str(error):
            complain(str(error) if str(error).startswith(("Error from", "error:", "The ")) else f"error: {error}")
        return error.exit_code
    if isinstance(error, click.ClickException):
        complain(f"error: {error.format_message()}")
        return 1
    if isinstance(error, api_error_type()):
        complain(api_error_text(error))
        return 1
    if isinstance(error, OSError):
        complain(f"error: {os.strerror(error.errno) if error.errno else error}{_of_file(error)}")
        return 1
    complain(f"error: {type(error).__name__}: {error} (run again with -v for the traceback)")
    return 1


def _in_our_form(text: str) -> str:
    """One line that begins in lower case, as kubectl's errors do."""
    return text[:1].lower() + " ".join(text[1:].split()).rstrip(".")


def _see_help(ctx: click.Context | None) -> str:
    return f"\nSee '{ctx.command_path} --help' for usage." if ctx else ""


def _of_file(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""


def _leave_quietly() -> int:
    """The reader of our output has gone; Python must not complain when it flushes stdout at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def main() -> NoReturn:
    """The console script. It leaves without the interpreter's own clean-up, which takes 20 ms and has nothing to do."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # it would tell of every handshake that fails; we say it once
    exit_code = run()
    sys.stderr.flush()
    os._exit(exit_code)
