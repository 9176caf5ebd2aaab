"""Stands before every method: names the caller, asks the rules, and writes refusals to the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from apiserver.security.audit import AuditLog
from apiserver.security.identity import ADMIN, Identity, of_certificate
from apiserver.security.rules import Action, Find, allowed
from apiserver.server.failures import STATUS_TRAILER
from apiserver.server.streams import STREAM_ID
from protos.kubernetes import meta_pb2

_VERBS = {"Get": "get", "List": "list", "Watch": "watch", "Create": "create", "Update": "update", "Patch": "patch"}
_STREAMS = {"Exec": "exec", "Logs": "logs", "PortForward": "port-forward"}
# Everybody with a certificate of the cluster may ask for the version and for the server's health.
_OPEN_METHODS = frozenset(
    {"/svclab.api.v1.Api/Version", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"}
)


def caller(context: grpc.aio.ServicerContext[Any, Any]) -> Identity:
    """Who calls: the owner of the Unix socket is the administrator, others are who their certificate says."""
    if context.peer().startswith("unix:"):
        return ADMIN
    certificates = context.auth_context().get("x509_pem_cert", [])
    return of_certificate(bytes(next(iter(certificates)))) if certificates else Identity("system:anonymous")


def action_of(method: str, request: Any) -> Action:
    """The call in the rules' words. `request` is None where a stream's first frame has not been read.

    Of an Attach it is the name of the node that was asked for the stream.
    """
    name = method.rpartition("/")[2]
    if name in _STREAMS:
        return Action(_STREAMS[name])
    if name == "Attach":
        return Action("attach", "nodes", name=request)
    if name == "Register":
        return Action("register", "nodes", name=request.node)
    if name == "Sign":
        return Action("sign", "certificates", name=request.node, subresource="join" if request.joinToken else "")
    if name == "UpdateStatus":
        return Action("update", request.resource, request.namespace, request.name, "status")
    if name == "Delete":
        return Action("delete", request.resource, request.namespace, request.name)
    if name not in _VERBS:
        return Action(name)
    subresource = request.subresource if name == "Patch" else ""
    body = request.object if name in {"Create", "Update"} else b""
    return Action(_VERBS[name], request.resource, request.namespace, getattr(request, "name", ""), subresource, body)


class Guard(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """The interceptor of a server that also listens on TCP."""

    def __init__(self, find: Find, node_of_stream: Callable[[str], str], audit: AuditLog) -> None:
        self._find = find
        self._node_of_stream = node_of_stream
        self._audit = audit

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any]]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method in _OPEN_METHODS:
            return handler
        return self._guarded(method, handler)

    def _guarded(self, method: str, handler: Any) -> Any:
        if handler.unary_unary:

            async def answer(request: Any, context: Any) -> Any:
                await self._check(method, request, context)
                return await handler.unary_unary(request, context)

            return grpc.unary_unary_rpc_method_handler(
                answer, handler.request_deserializer, handler.response_serializer
            )

        inner = handler.unary_stream or handler.stream_stream

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            await self._check(method, request if handler.unary_stream else self._asked(method, context), context)
            async for response in inner(request, context):
                yield response

        make = grpc.unary_stream_rpc_method_handler if handler.unary_stream else grpc.stream_stream_rpc_method_handler
        return make(stream, handler.request_deserializer, handler.response_serializer)

    def _asked(self, method: str, context: Any) -> str | None:
        """The node that was asked for the stream of an Attach."""
        if not method.endswith("/Attach"):
            return None
        return self._node_of_stream(dict(context.invocation_metadata()).get(STREAM_ID, ""))

    async def _check(self, method: str, request: Any, context: Any) -> None:
        identity = caller(context)
        if identity.is_admin:
            return
        action = action_of(method, request)
        if allowed(identity, action, self._find):
            return
        reason = f'User "{identity.user}" cannot {action}'
        self._audit.refused(identity.user, identity.groups, str(action), reason)
        status = meta_pb2.Status(status="Failure", message=f"forbidden: {reason}", reason="Forbidden", code=403)
        context.set_trailing_metadata(((STATUS_TRAILER, status.SerializeToString()),))
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, status.message)
