"""Which configuration and which checkpoint a person means: files, names that the packages ship, and their aliases.

mmpose and mmdet carry their configurations, and a table of published checkpoints, in a folder `.mim`. A checkpoint is
looked for where all our networks are, and known by the digits of its SHA-256 that its file name carries.
A configuration is a Python file, which is run: take those of others only from people whose programs you would run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from posedetector.downloads import Told
from posedetector.errors import InputError
from posedetector.weights import LoadedWeights, Weights, load

PACKAGES = {"pose": ("mmpose",), "detector": ("mmdet", "mmpose")}  # mmpose ships some detectors' configurations
FIELDS = {"pose": ("pose_config", "checkpoint"), "detector": ("detector_config", "detector_checkpoint")}
# mmpose has short names for some of its models; these are the same for their sisters
_SHORT = {
    **{f"rtmpose-{size}": f"rtmpose-{size}_8xb256-420e_body8-256x192" for size in "tsm"},
    **{f"rtmw-{size}": f"rtmw-{size}_8xb1024-270e_cocktail14-256x192" for size in "ml"},
    "rtmw-x": "rtmw-x_8xb704-270e_cocktail14-256x192",
}
_DIGITS = re.compile(r"[-_]([0-9a-f]{8})(?:_\d{8})?\.pth$")


@dataclass(frozen=True)
class Published:
    """A row of the packages' own tables: a configuration and the checkpoint that was published for it."""

    name: str
    aliases: tuple[str, ...]
    config: Path
    url: str
    citation: str


@dataclass(frozen=True)
class Choice:
    """A configuration, and what was published for it, if anything."""

    config: Path
    published: Published | None

    @property
    def name(self) -> str:
        """What it is called in errors and in the provenance."""
        return self.published.name if self.published else self.config.stem


def choose_alias(alias: str) -> Choice:
    """Return the pose model of this name or alias; raises InputError with those that are like it."""
    found = _named("pose", _SHORT.get(alias, alias))
    if found is None:
        aliases = sorted({*_SHORT, *(name for row in _table("mmpose") for name in row.aliases)})
        known = [*aliases, *(row.name for row in _table("mmpose"))]
        like = get_close_matches(alias, known, n=3, cutoff=0.4)
        raise InputError(
            f"openmmlab has no model {alias!r}; {'like it are ' + ', '.join(like) + '; ' if like else ''}"
            f"the aliases are {', '.join(aliases)}, and `pose_config` takes any of mmpose's configurations",
            field="estimator.model",
        )
    return Choice(found.config, found)


def choose_config(kind: str, given: str) -> Choice:
    """Return the configuration that is meant: a file, a path within what ships, or its name.

    Raises InputError where there is none, or several.
    """
    config = _file(kind, given)
    if config is None and (found := _named(kind, given)):
        config = found.config
    if config is None:
        config = _by_name(kind, given)
    same = (row for package in PACKAGES[kind] for row in _table(package) if row.config == config)
    published = next(same, None)
    if kind == "detector" and published is None and config == default_detector().config:
        published = default_detector().published
    return Choice(config, published)


def default_detector() -> Choice:
    """Return the detector of people that mmpose takes by default."""
    from mmpose.apis.inferencers.utils import default_det_models

    row = default_det_models["human"]
    config = Path(row["model"]).resolve()
    citation = "Lyu et al., RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022"
    return Choice(config, Published(config.stem, (), config, row["weights"], citation))


def find_checkpoint(kind: str, choice: Choice, given: Path | None, progress: Told | None) -> LoadedWeights:
    """Return the checkpoint given, or the published one, downloaded if it is nowhere.

    Raises
    ------
    InputError
        If none is given, and none was published for this configuration.
    WeightsError
        If it cannot be had, or is another one.
    """
    name = FIELDS[kind][1]
    if given is None and (choice.published is None or not choice.published.url):
        raise InputError(
            f"no checkpoint was published for {choice.config}: give one with `{name}`", field=f"estimator.{name}"
        )
    return load(_row(choice, name), given, progress=progress)


def _row(choice: Choice, name: str) -> Weights:
    published = choice.published
    url = published.url if published else ""
    digits = _DIGITS.search(url)
    return Weights(
        name=choice.name,
        file=url.rpartition("/")[2],
        url=url,
        sha256=digits[1] if digits else "",
        size=0,
        licence="Apache-2.0",
        citation=published.citation if published else "",
        without=f'or name a file that is here with `{name}`; `estimator="mediapipe"` works without a download',
    )


def _file(kind: str, given: str) -> Path | None:
    """Return the configuration file, here or among what ships; `mmdet::rtmdet/….py` is OpenMMLab's own way to say it."""
    package, _, inner = given.rpartition("::")
    if package:
        places = [_folder(package) / "configs" / inner] if package in PACKAGES[kind] else []
    else:
        shipped = [_folder(name) for name in PACKAGES[kind]]
        places = [Path(given), *(folder / given for folder in shipped), *(one / "configs" / given for one in shipped)]
    return next((place.resolve() for place in places if place.is_file()), None)


def _named(kind: str, name: str) -> Published | None:
    rows = (row for package in PACKAGES[kind] for row in _table(package))
    wanted = name.lower()
    return next((row for row in rows if wanted in (row.name.lower(), *row.aliases)), None)


def _by_name(kind: str, given: str) -> Path:
    name = re.sub(r"\.py$", "", given)
    plain = not re.search(r"[/\\*?\[\]]", name)
    folders = [_folder(package) for package in PACKAGES[kind]] if plain and name else []
    found = next((hits for folder in folders if (hits := sorted(folder.rglob(f"{name}.py")))), [])
    if not found:
        raise InputError(
            f"there is no configuration {given}, neither here nor among those of {' and '.join(PACKAGES[kind])}; "
            f"`{FIELDS[kind][0]}` takes a file or such a name"
        )
    if len(found) > 1:
        shown = ", ".join(str(path.relative_to(path.parents[2])) for path in found[:4])
        raise InputError(f"{given} names {len(found)} configurations, such as {shown}; say which by its path")
    return found[0].resolve()


@cache
def _folder(package: str) -> Path:
    spec = find_spec(package)
    inside = spec.submodule_search_locations if spec else None
    return Path(inside[0]).resolve() / ".mim" if inside else Path(package)


@cache
def _table(package: str) -> tuple[Published, ...]:
    return tuple(_read_table(_folder(package)))


def _read_table(folder: Path) -> Iterator[Published]:
    for name in _yaml(folder / "model-index.yml").get("Import", ()):
        if not (folder / name).is_file():
            continue
        page = _yaml(folder / name)
        papers = {one["Name"]: one for one in page.get("Collections") or () if "Name" in one}
        for row in page.get("Models") or ():
            yield _published(folder, row, papers.get(row.get("In Collection"), {}))


def _published(folder: Path, row: dict[str, Any], collection: dict[str, Any]) -> Published:
    aliases, urls, paper = row.get("Alias") or (), row.get("Weights") or "", collection.get("Paper")
    paper = paper[0] if isinstance(paper, list) and paper else paper
    title = paper.get("Title") if isinstance(paper, dict) else None
    return Published(
        name=str(row["Name"]),
        aliases=tuple(str(one).lower() for one in ([aliases] if isinstance(aliases, str) else aliases)),
        config=(folder / str(row["Config"])).resolve(),
        url=str(urls[0] if isinstance(urls, list) and urls else urls or ""),
        citation=str(title or row.get("In Collection") or ""),
    )


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # seven times as fast as the other
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 -- the safe one
    return content if isinstance(content, dict) else {}
