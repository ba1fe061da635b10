"""Prometheus figures of an app: its requests, and what its parts tell when they are asked."""

import asyncio
from collections.abc import Iterable, Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.responses import Response

from shared.figures import Figure, Source
from shared.logging import get_logger

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SOURCE_SECONDS = 3.0  # for one source of figures; more than a readiness check may take
log = get_logger("metrics")


class Metrics:
    """One registry an app, so that several apps in one process, as in tests, do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._requests = Counter(
            "http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "http_request_seconds",
            "Time from the request's head to the end of its answer",
            ["method", "route"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self.under_way = Gauge("http_requests_under_way", "Requests not answered yet", registry=self.registry)
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._sources: list[Source] = []

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. `route` is the template, never the path that was asked for."""
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            children = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def add(self, source: Source) -> None:
        """Ask the source at each scrape from now on."""
        self._sources.append(source)

    async def response(self) -> Response:
        """The figures in Prometheus' text form."""
        told = await asyncio.gather(*map(_ask, self._sources))
        present = CollectorRegistry()
        present.register(_Told([figure for part in told for figure in part]))
        text = await asyncio.to_thread(lambda: generate_latest(self.registry) + generate_latest(present))
        return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _ask(source: Source) -> list[Figure]:
    """What the source tells; nothing where it cannot: a figure that is absent is better than an old one."""
    try:
        async with asyncio.timeout(SOURCE_SECONDS):
            return list(await source())
    except Exception as error:  # noqa: BLE001 - whatever it is, the other figures are shown
        log.warning("figures are absent", reason=str(error) or type(error).__name__)
        return []


class _Told(Collector):
    """Figures as Prometheus' library wants them: those of one name together."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = list(figures)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each name's family."""
        families: dict[str, GaugeMetricFamily] = {}
        for figure in self._figures:
            family = families.get(figure.name)
            if family is None:
                family = GaugeMetricFamily(figure.name, figure.help, labels=list(figure.labels))
                families[figure.name] = family
            family.add_metric(list(figure.labels.values()), figure.value)
        yield from families.values()
