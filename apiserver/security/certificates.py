"""The Certificates service: join tokens become a node's certificate, and every caller renews its own."""

from typing import Any

import grpc
import grpc.aio

from apiserver.security import identity as identities
from apiserver.security.authority import JOIN_LIFE, NODE_LIFE, Authority, BadSigningRequest
from apiserver.security.guard import caller
from protos import api_pb2, api_pb2_grpc
from protos.labels import dns1123_subdomain_faults


class CertificatesServicer(api_pb2_grpc.CertificatesServicer):
    """Signs for whom the Guard has let through."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    async def Sign(  # noqa: N802 - gRPC calls it so
        self, request: api_pb2.SignRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> api_pb2.SignResponse:
        identity = caller(context)
        if request.node and dns1123_subdomain_faults(request.node):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f'"{request.node}" is not the name of a node')
        subject, life = identity, NODE_LIFE
        if request.joinToken:
            subject, life = identities.joiner(request.node or identities.ANY_NODE), JOIN_LIFE
        elif identity.may_join_as:
            subject = identities.node(request.node)
        try:
            certificate = self._authority.sign(request.request, subject, life)
        except BadSigningRequest as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return api_pb2.SignResponse(certificate=certificate, authority=self._authority.pem)
