"""A scheduler over TLS: jobs run there, and who has no certificate of its authority is turned away."""

from pathlib import Path
from typing import Any

from tests.certificates import Identity, make_identity
from tests.dask_cluster import DaskCluster
from tests.processing import EDGES, Processing, noise, states
from tests.scripts.stack_process import wait_until

IMAGES = [(f"{number}.png", noise(number)) for number in range(3)]


def settings(address: str, tls: Identity) -> dict[str, Any]:
    """What an operator sets."""
    return {
        "DARKROOM_DASK_SCHEDULER": address,
        "DARKROOM_DASK_TLS_CA": str(tls.ca),
        "DARKROOM_DASK_TLS_CERT": str(tls.cert),
        "DARKROOM_DASK_TLS_KEY": str(tls.key),
    }


def test_jobs_run_over_tls_and_strangers_are_turned_away(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("ours", "theirs", "stranger")]
    for place in places:
        place.mkdir()
    ours, theirs = make_identity(places[0]), make_identity(places[1])
    with DaskCluster(places[0], ours) as dask:
        with Processing(places[0], **settings(dask.address, ours)) as service:
            assert states(service.ended(service.submit(IMAGES, EDGES))) == ["finished"] * len(IMAGES)
            assert service.workers() == []  # they are the scheduler's
        with Processing(places[2], **settings(dask.address, theirs)) as stranger:
            job = stranger.submit(IMAGES, EDGES)
            wait_until(lambda: "the workers cannot be reached" in stranger.said(), stranger.said)
            assert states(stranger.job(job)) == ["waiting"] * len(IMAGES)
            assert stranger.http.delete(f"/v1/jobs/{job}").status_code == 200
            assert states(stranger.ended(job)) == ["cancelled"] * len(IMAGES)
