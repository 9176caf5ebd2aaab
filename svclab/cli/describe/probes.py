"""Probes in one line, as kubectl writes them."""

from typing import Any


def probe_text(probe: Any) -> str:
    """`http-get http://:8080/healthz delay=0s timeout=1s period=10s #success=1 #failure=3`."""
    times = (
        f"delay={probe.initialDelaySeconds}s timeout={probe.timeoutSeconds}s period={probe.periodSeconds}s "
        f"#success={probe.successThreshold} #failure={probe.failureThreshold}"
    )
    return f"{_action(probe.handler)} {times}"


def _action(handler: Any) -> str:
    if handler.HasField("exec"):
        return f"exec [{' '.join(handler.exec.command)}]"
    if handler.HasField("httpGet"):
        get = handler.httpGet
        path = get.path if get.path.startswith("/") else f"/{get.path}"
        return f"http-get {(get.scheme or 'HTTP').lower()}://{get.host}:{_port(get.port)}{path}"
    if handler.HasField("tcpSocket"):
        return f"tcp-socket {handler.tcpSocket.host}:{_port(handler.tcpSocket.port)}"
    if handler.HasField("grpc"):
        return f"grpc <pod>:{handler.grpc.port} {handler.grpc.service}"
    return "unknown"


def _port(port: Any) -> str:
    return str(port.strVal if port.type else port.intVal)
