"""A fresh cluster for each test."""

import pytest

from tests.unit.registry.harness import Cluster


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def dual() -> Cluster:
    return Cluster("10.96.0.0/16", "fd00:96::/112")
