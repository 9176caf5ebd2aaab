"""The generated base classes refuse every call; nothing of theirs may be left in what is served."""

import inspect
from typing import Any

import pytest

from apiserver.security.certificates import CertificatesServicer
from apiserver.server.api import Api
from apiserver.server.streams import Streams
from protos import api_pb2, api_pb2_grpc

SERVED: dict[str, type[Any]] = {"Api": Api, "Certificates": CertificatesServicer, "NodeStreams": Streams}


def test_every_service_of_the_contract_is_served() -> None:
    assert set(api_pb2.DESCRIPTOR.services_by_name) == set(SERVED)


@pytest.mark.parametrize("name", SERVED)
def test_every_call_is_implemented(name: str) -> None:
    base = getattr(api_pb2_grpc, f"{name}Servicer")
    calls = [method.name for method in api_pb2.DESCRIPTOR.services_by_name[name].methods]
    assert calls
    assert [call for call in calls if inspect.getattr_static(SERVED[name], call) is getattr(base, call)] == []
