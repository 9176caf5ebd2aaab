import logging

from svclab.client.log_lines import KeysFormatter


def line(**extra: object) -> str:
    record = logging.makeLogRecord({"name": "node", "levelname": "INFO", "msg": "pod started", **extra})
    return KeysFormatter().format(record).partition(" INFO ")[2]


def test_keys_follow_the_message() -> None:
    assert line() == "node: pod started"
    assert line(pod="web", restarts=3) == "node: pod started pod=web restarts=3"


def test_values_with_spaces_or_quotes_or_nothing_in_them_are_quoted() -> None:
    assert line(error='no "such" file', hint="") == "node: pod started error='no \"such\" file' hint=''"
