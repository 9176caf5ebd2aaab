"""`svclab version`."""

import click

from svclab.cli.command import command
from svclab.cli.settings import client

EXAMPLES = """
# Print the client and server versions
svclab version

# Without a cluster
svclab version --client
"""


@command("version", examples=EXAMPLES, usage="[options]")
@click.option("--client", "client_only", is_flag=True, help="If true, shows client version only (no server required).")
@click.option("-o", "--output", type=click.Choice(["", "json", "yaml"]), default="", help="One of 'yaml' or 'json'.")
def version(client_only: bool, output: str) -> None:
    """Print the client and server version information."""
    versions = {"clientVersion": client_version()}
    if not client_only:
        answer = client().version()
        versions |= {"serverVersion": f"v{answer.version.removeprefix('v')}", "clusterName": answer.clusterName}
    if output == "json":
        from svclab.cli.documents.write import to_json_text

        click.echo(to_json_text(versions))
    elif output == "yaml":
        from svclab.cli.documents.write import to_yaml_text

        click.echo(to_yaml_text(versions), nl=False)
    else:
        click.echo(f"Client Version: {versions['clientVersion']}")
        if not client_only:
            click.echo(f"Server Version: {versions['serverVersion']}")


def client_version() -> str:
    """The version of the installed package."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return f"v{installed('svclab')}"
    except PackageNotFoundError:
        return "unknown"
