"""`svclab down`."""

import click

from svclab.cli.command import command
from svclab.cli.lifecycle.choice import cluster_errors, known_cluster
from svclab.cluster.driver import find_driver
from svclab.cluster.state import StateFolder, all_folders

EXAMPLES = """
# Stop the cluster; `svclab up` brings it back as it was
svclab down

# Stop a cluster and forget everything about it
svclab down --name second --delete
"""


@command("down", examples=EXAMPLES, usage="[--name NAME] [--delete]")
@click.option("--name", help="Name of the cluster.")
@click.option("--all", "every", is_flag=True, help="All clusters of this user.")
@click.option("--delete", is_flag=True, help="Remove the state too: Services, addresses, pods, logs.")
def down(name: str | None, every: bool, delete: bool) -> None:
    """Stop a cluster. Its state is kept unless --delete is given."""
    for state in all_folders() if every else [known_cluster(name)]:
        with cluster_errors():
            _stop(state, delete)


def _stop(state: StateFolder, delete: bool) -> None:
    config = state.load_or_default()
    driver = find_driver(config.driver)
    running = driver.running(state)
    driver.stop(state, config)
    if delete:
        driver.delete(state, config)
        state.delete()
    ended = "stopped" if running else "was not running"
    click.echo(f"cluster {state.name!r} {ended}{'; its state is deleted' if delete else ''}")
