"""The order of `--sort-by`."""

from svclab.cli.sorting import natural


def test_numbers_in_texts_are_sorted_by_size() -> None:
    addresses = ["10.96.150.73", "10.96.0.1", "10.96.21.76", "10.96.2.196"]
    assert sorted(addresses, key=natural) == ["10.96.0.1", "10.96.2.196", "10.96.21.76", "10.96.150.73"]
    assert sorted(["web-10", "web-2", "web", "web-02", "api"], key=natural) == [
        "api",
        "web",
        "web-02",
        "web-2",
        "web-10",
    ]


def test_all_else_is_sorted_by_its_bytes() -> None:
    texts = ["a-1", "a1", "A", "a", "a.b", "1", "None", ""]
    assert sorted(texts, key=natural) == sorted(texts)
