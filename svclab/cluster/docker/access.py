"""The way in to an API server that runs in a container of this machine's engine, for whoever may use the engine."""

from svclab.client.credentials import AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE, Credentials
from svclab.cluster.docker.containers import API_PORT, BUNDLES
from svclab.cluster.docker.engine import connect, read_folder, told
from svclab.cluster.errors import ClusterError


def administrator(container: str) -> tuple[str, Credentials]:
    """Where the container's API server is published, and the administrator's credentials. Raises ClusterError."""
    api = connect()
    with told(container):
        published = api.inspect_container(container)["NetworkSettings"]["Ports"].get(f"{API_PORT}/tcp") or []
        files = read_folder(api, container, BUNDLES["admin"])
    if not published or CERTIFICATE_FILE not in files:
        raise ClusterError(f"container {container!r} is no running API server with a published port {API_PORT}")
    address = f"localhost:{published[0]['HostPort']}"
    return address, Credentials(files[AUTHORITY_FILE], files[CERTIFICATE_FILE], files[KEY_FILE])
