"""Says what became of each object that a command wrote: a result line, or the object where `-o` asks for it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from svclab.cli.errors import CliError, ExitWith, api_error_text
from svclab.cli.messages import complain
from svclab.cli.output import Output, qualified_name

DryRun = Literal["none", "client", "server"]
_SUFFIXES: dict[DryRun, str] = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


@dataclass
class Results:
    """Used as `with results.of_object(...)` around the write of each object: a refused one does not stop the others."""

    form: Output
    dry_run: DryRun = "none"
    printed: list[Any] = field(default_factory=list)
    failed: bool = False

    def report(self, obj: Any, outcome: str) -> None:
        """`service/web created`; with -o the object itself, when the command is done."""
        if self.form.format == "":
            self.line(f"{qualified_name(obj)} {outcome}")
        elif self.form.format == "name":
            self.say(qualified_name(obj))
        else:
            self.printed.append(obj)

    def line(self, text: str) -> None:
        """A result line, marked if nothing was really written."""
        self.say(f"{text}{_SUFFIXES[self.dry_run]}")

    def say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    @contextmanager
    def of_object(self, context: str = "") -> Iterator[None]:
        """Reports the error of one object; `context` such as `error when creating "web.yaml"`."""
        from svclab.client.errors import ApiError, Unreachable

        try:
            yield
        except Unreachable:
            raise
        except ApiError as error:
            self.failed = True
            complain(api_error_text(error, context))
        except CliError as error:
            self.failed = True
            complain(f"error: {error}")

    def finish(self) -> None:
        """Prints the objects that -o asked for. Raises ExitWith if one was refused."""
        if self.printed:
            sys.stdout.write(self.form.text(self.printed, as_list=len(self.printed) > 1))
        if self.failed:
            raise ExitWith(1)


def results_for(output: str, dry_run: DryRun, template: str = "") -> Results:
    """The results of a command with these options. Raises CliError for a format that does not fit."""
    form = Output.parse(output, template)
    if form.format in ("wide", "custom-columns"):
        raise CliError(f'unable to match a printer suitable for the output format "{output}"')
    return Results(form, dry_run)
