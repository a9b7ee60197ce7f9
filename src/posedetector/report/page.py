"""The page about one clip: its data, and the template filled with them."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from posedetector.kinematics.angles import ANGLES
from posedetector.report.findings import (
    JOINTS,
    assumptions,
    bundles,
    citations,
    exercise_rows,
    gait_rows,
    headline,
    marks,
    not_shown,
    plain,
    range_rows,
    repetition_rows,
    sources_of_reference,
    speed_of_reference,
    stretch,
    strips,
)
from posedetector.report.motion import curves, moving
from posedetector.report.results import Results
from posedetector.report.verdict import judge, limits

_ASSETS = files("posedetector.report") / "assets"


def page_data(results: Results, beside: str = "") -> dict[str, Any]:
    """Return what the page's script draws, as JSON holds it; `beside` is the way from the page to the results' folder."""
    drawn = curves(results, JOINTS)
    for panel in drawn["panels"]:
        row = ANGLES.get(panel["joint"]) or ANGLES[f"left_{panel['joint']}"]
        weak = " (weak)" * any(one["weak"] for one in panel["curves"])
        panel |= {"title": f"{plain(panel['joint'])}{weak}", "up": row.positive, "zero": row.neutral}
    video = results.account.video
    return {
        "name": results.name,
        **moving(results),
        **drawn,
        **marks(results),
        "bundles": bundles(results),
        "video": None
        if results.overlay is None or _is_picture(results.overlay)
        else {
            "src": _link(beside, results.overlay),
            "start": float(results.time[0]),
            "width": video.width_px,
            "height": video.height_px,
        },
    }


def render(results: Results, beside: str = "") -> str:
    """Return the page as HTML; `beside` is the way from the page to the results' folder, if they are not in one."""
    data = page_data(results, beside)
    return fill(
        "report.html.jinja",
        data=data,
        scripts=("libraries.js", "page.js"),
        styles=("libraries.css", "page.css"),
        name=results.name,
        picture=_link(beside, results.overlay) if results.overlay and _is_picture(results.overlay) else "",
        account=results.account,
        headline=headline(results),
        verdict=judge(results),
        limits=limits(results),
        gait=gait_rows(results),
        reference=sources_of_reference(results),
        speeds=speed_of_reference(results),
        ranges=range_rows(results),
        stretch=stretch(results),
        not_shown=not_shown(results),
        has_bundles=bool(data["bundles"] and data["bundles"]["panels"]),
        repetitions=repetition_rows(results),
        exercise=exercise_rows(results),
        strips=strips(results),
        assumptions=assumptions(results),
        citations=citations(results),
        library_licences=asset("libraries.LICENSES.txt"),
        provenance=results.account.model_dump_json(indent=2),
    )


def fill(template: str, *, data: dict[str, Any], scripts: Sequence[str], styles: Sequence[str], **context: Any) -> str:
    """Return a template filled, with these scripts and styles of `assets/` and a policy that lets nothing else run.

    Everything but our own scripts and styles is escaped.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from jinja2.utils import htmlsafe_json_dumps
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(asset), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    codes, sheets = [asset(name) for name in scripts], [asset(name) for name in styles]
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_digest, codes))}",
            f"style-src {' '.join(map(_digest, sheets))}",
            "img-src data: blob: 'self' file:",
            "media-src 'self' file:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return environment.get_template(template).render(
        data=htmlsafe_json_dumps(data, allow_nan=False, separators=(",", ":")),
        # assets of our own, which end no script or style early (a test holds them to that)
        scripts=[Markup(code) for code in codes],  # noqa: S704
        styles=[Markup(sheet) for sheet in sheets],  # noqa: S704
        csp=policy,
        **context,
    )


def _is_picture(overlay: str) -> bool:
    return overlay.endswith(".png")


def _link(beside: str, name: str) -> str:
    return quote((PurePath(beside) / name).as_posix())


@cache
def asset(name: str) -> str:
    """Return a text of `assets/`."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
