"""What the parts of a cluster are called on an engine, and the labels by which they are found again. Pure."""

from collections.abc import Mapping

from svclab.cluster.state import StateFolder

CLUSTER = "svclab.cluster"  # the cluster's name
FOLDER = "svclab.folder"  # its state folder: users and folders can share an engine
PART = "svclab.part"  # `apiserver`, `outside`, or a node's name

API_SERVER, CLOUD, OUTSIDE = "apiserver", "cloud", "outside"
FAMILY = "svclab-"  # what every name begins with


def name_of(cluster: str, part: str = "") -> str:
    """The name of a container or volume; without a part, of the network."""
    return f"{FAMILY}{cluster}-{part}" if part else f"{FAMILY}{cluster}"


def labels(state: StateFolder, part: str = "") -> Mapping[str, str]:
    """The labels of what belongs to a part of the cluster."""
    return {CLUSTER: state.name, FOLDER: str(state.root), **({PART: part} if part else {})}


def selector(state: StateFolder) -> list[str]:
    """The label filters that find everything of a cluster, and of no other."""
    return [f"{CLUSTER}={state.name}", f"{FOLDER}={state.root}"]
