"""The options that every command takes, before its name and behind it: which cluster, which namespace."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from svclab.cli.durations import Duration
from svclab.cli.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def _store(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        root = ctx.find_root()
        root.obj = root.obj or Settings()
        if value:
            setattr(root.obj, attribute, value)

    return callback


def suggested(name: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """A function of svclab.cli.suggestions, which is imported only when the shell completes."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        from svclab.cli import suggestions

        found: list[str] = getattr(suggestions, name)(ctx, param, incomplete)
        return found

    return complete


def global_parameters(hidden: bool) -> list[click.Option]:
    """The options themselves; hidden, they are taken and not shown."""

    def option(*names: str, attribute: str, help: str, **kwargs: Any) -> click.Option:
        return click.Option(
            names, callback=_store(attribute), expose_value=False, hidden=hidden, help=help, is_eager=True, **kwargs
        )

    return [
        option(
            "--cluster",
            attribute="cluster",
            default="",
            shell_complete=suggested("complete_clusters"),
            help="The cluster to use, by name (also: SVCLAB_CLUSTER).",
        ),
        option(
            "-n",
            "--namespace",
            attribute="namespace",
            default="",
            shell_complete=suggested("complete_namespaces"),
            help="The namespace of this request.",
        ),
        option(
            "-s",
            "--server",
            attribute="server",
            default="",
            help="The API server: unix:/path or host:port (also: SVCLAB_SERVER).",
        ),
        option(
            "--request-timeout",
            attribute="request_timeout",
            default="0",
            type=Duration(),
            help="How long one request may take, such as 1s, 2m, 3h; 0 means the default of 30s.",
        ),
        option("-v", "--verbose", attribute="verbose", is_flag=True, help="Show tracebacks of errors."),
    ]


def global_options(function: F) -> F:
    """Adds the global options to the top-level command."""
    parameters: list[click.Option] = getattr(function, "__click_params__", [])
    parameters.extend(reversed(global_parameters(hidden=False)))  # click reverses them once more
    function.__click_params__ = parameters  # type: ignore[attr-defined]
    return function
