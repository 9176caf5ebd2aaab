"""`svclab api-resources`."""

import click

from protos.kinds import KINDS, Kind
from svclab.cli.command import command
from svclab.cli.tables import Column, TableWriter, View

EXAMPLES = """
# Print the supported API resources
svclab api-resources

# Print their names alone
svclab api-resources -o name

# Print the resources that belong to no namespace
svclab api-resources --namespaced=false
"""

_VERBS = "create,delete,get,list,patch,update,watch"

COLUMNS = (
    Column("NAME", lambda kind, view: kind.resource),
    Column("SHORTNAMES", lambda kind, view: ",".join(kind.short_names)),
    Column("APIVERSION", lambda kind, view: kind.api_version),
    Column("NAMESPACED", lambda kind, view: str(kind.namespaced).lower()),
    Column("KIND", lambda kind, view: kind.kind),
    Column("VERBS", lambda kind, view: _VERBS, wide=True),
    Column("CATEGORIES", lambda kind, view: "all" if kind.in_all else "", wide=True),
)


@command("api-resources", examples=EXAMPLES, usage="[options]")
@click.option(
    "-o", "--output", type=click.Choice(["", "wide", "name"]), default="", help="Output format. One of: (wide, name)."
)
@click.option("--no-headers", is_flag=True, help="Don't print headers.")
@click.option("--api-group", default=None, help="Limit to resources in the specified API group.")
@click.option(
    "--namespaced", type=bool, default=None, help="If given, only resources that are (or are not) namespaced."
)
@click.option("--sort-by", type=click.Choice(["", "name", "kind"]), default="", help="Sort by this field.")
def api_resources(output: str, no_headers: bool, api_group: str | None, namespaced: bool | None, sort_by: str) -> None:
    """Print the supported API resources."""
    kinds = [kind for kind in KINDS if api_group in (None, kind.group) and namespaced in (None, kind.namespaced)]
    if sort_by:
        kinds.sort(key=lambda kind: kind.kind if sort_by == "kind" else kind.resource)
    if output == "name":
        click.echo("\n".join(map(_full_name, kinds)))
        return
    click.echo(TableWriter(COLUMNS, not no_headers).text(kinds, View(0.0, output == "wide")), nl=False)


def _full_name(kind: Kind) -> str:
    return f"{kind.resource}.{kind.group}" if kind.group else kind.resource
