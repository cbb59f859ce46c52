"""Table 6: whether the detector tells kinds of noise apart, and sends each the right way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from restore.backend import Backend
from restore.job import Denoising
from restore.routes import Route

from ..report import Bar
from .photographs import Photograph
from .product import denoised, side_by_side
from .protocols import KINDS, Kind
from .tables import Table, share, skipped

TITLE = "Detector"
MEASURED_ONLY = Denoising(strength=0)
RIGHT = 0.95


@dataclass(frozen=True)
class Verdict:
    """What one photo was taken to have."""

    name: str
    truth: str
    found: str
    route: str
    right_route: bool
    reason: str


def measure(photos: Sequence[Photograph], backend: Backend) -> Table:
    """Let the detector judge every photo with every kind of noise, and without any."""
    if not photos:
        return skipped(TITLE)

    def judged(case: tuple[Kind, Photograph]) -> Verdict:
        kind, photo = case
        noisy = kind.added(photo.pixels(), photo.seed)
        found = denoised(backend, noisy, MEASURED_ONLY).noise.detected
        route = found.route
        return Verdict(
            photo.name, kind.name, found.kind, str(route), route is kind.route, found.reason
        )

    verdicts = side_by_side(judged, [(kind, photo) for kind in KINDS for photo in photos])
    names = [kind.name for kind in KINDS]
    rows = []
    for kind in KINDS:
        of = [verdict for verdict in verdicts if verdict.truth == kind.name]
        counts = Counter(verdict.found for verdict in of)
        routed = sum(verdict.right_route for verdict in of)
        rows.append([kind.name, *(str(counts[name]) for name in names), f"{routed} of {len(of)}"])
    right = [verdict.found == verdict.truth for verdict in verdicts]
    routed_right = [verdict.right_route for verdict in verdicts]
    clean = [verdict for verdict in verdicts if verdict.truth == "clean"]
    routed_clean = sum(verdict.route != Route.NONE for verdict in clean)
    return Table(
        TITLE,
        ["truth \\ found", *names, "right route"],
        rows,
        [
            share("kind named right", sum(right) / len(right), RIGHT),
            share("route chosen right", sum(routed_right) / len(routed_right), RIGHT),
            Bar("clean photos routed", f"{routed_clean} of {len(clean)}", "0", routed_clean == 0),
        ],
        [f"{len(photos)} photos of each kind, at three strengths in turn."],
        {"verdicts": [asdict(verdict) for verdict in verdicts]},
    )
