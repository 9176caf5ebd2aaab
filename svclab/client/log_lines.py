"""Log lines of our processes: time, level, logger, a constant message, and the keys that were given with it."""

import logging
import sys

PACKAGES = ("apiserver", "cloud_controller", "cluster_dns", "node_agent", "svclab")

# What every record has; all else came in by `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeysFormatter(logging.Formatter):
    """Appends the keys of `log.info("pod started", extra={"pod": "web"})` to the message: `pod started pod=web`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name is logging's
        keys = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        return " ".join([super().formatMessage(record), *(f"{key}={_shown(value)}" for key, value in keys.items())])


def _shown(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(letter.isspace() or letter == '"' for letter in text) else text


def write_to_stderr(*, verbose: bool) -> None:
    """Sends the log to stderr: what went on, and with `verbose` every detail of our own packages."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeysFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for package in PACKAGES:
        logging.getLogger(package).setLevel(logging.DEBUG if verbose else logging.INFO)
