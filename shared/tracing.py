"""Traces by OpenTelemetry, where a collector is named: one span a request, through all parts.

Without a collector nothing of it is loaded, and a request costs one comparison.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from shared import VERSION

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

SERVER_ERROR = 500


class Traced(Protocol):
    """A request whose span has begun."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What calls made for this request carry."""

    def end(self, route: str, status: int) -> None:
        """The answer is out."""


class Tracing:
    """Makes spans and sends them in the background; spans that the collector does not take are dropped."""

    def __init__(self, service: str, endpoint: str) -> None:
        """Raises ValueError where OpenTelemetry is not installed."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise ValueError(
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, and OpenTelemetry is not installed: "
                "pip install 'darkroom[telemetry]', or unset it"
            ) from None
        told = {"service.namespace": "darkroom", "service.name": service, "service.version": VERSION}
        self._provider = TracerProvider(resource=Resource.create(told))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer: Tracer = self._provider.get_tracer("darkroom", VERSION)

    def begin(self, method: str, path: str, request_id: str, carried: Mapping[str, str]) -> Traced:
        """A request's span, below the one that its headers name."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract(carried)
        told = {"http.request.method": method, "url.path": path, "darkroom.request_id": request_id}
        return _Request(self._tracer.start_span(method, context, SpanKind.SERVER, told), method)

    def close(self) -> None:
        """Send what is not sent yet."""
        self._provider.shutdown()


class _Request:
    """One request's span."""

    def __init__(self, span: "Span", method: str) -> None:
        self._span = span
        self._method = method

    @property
    def headers(self) -> Mapping[str, str]:
        """See Traced."""
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, set_span_in_context(self._span))
        return carrier

    def end(self, route: str, status: int) -> None:
        """See Traced. The name is of low cardinality, as OpenTelemetry wants it: the route, not the path."""
        from opentelemetry.trace import StatusCode

        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= SERVER_ERROR:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def tracing_for(service: str, endpoint: str) -> Tracing | None:
    """None where no collector is named. Raises ValueError where OpenTelemetry is not installed."""
    return Tracing(service, endpoint) if endpoint else None
