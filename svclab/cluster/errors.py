"""What can go wrong with a cluster as a whole."""


class ClusterError(Exception):
    """A cluster cannot be started, found or changed. The text is one line: what is wrong, where, and what to do."""


class ConfigError(ClusterError):
    """A cluster configuration that cannot be used; the text names the field."""


class RemoteError(ClusterError):
    """The supervisor of a running cluster refused a request; the text is its reason."""
