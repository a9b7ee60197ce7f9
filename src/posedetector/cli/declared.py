"""The flags of `analyze`, derived from the fields of the settings: type, default, help and name stand there, and nowhere else."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer

from posedetector.cli.parsing import CALLED_OTHERWISE, Command, in_flags
from posedetector.errors import InputError, PosedetectorError
from posedetector.estimators import ESTIMATORS, estimator_settings
from posedetector.lifters import LIFTERS, lifter_settings
from posedetector.options import Flag, Options, listed
from posedetector.settings import Settings
from posedetector.subject import Subject


@dataclass
class Choice:
    """A flag, and the fields that it sets: several backends may have the same one.

    Attributes
    ----------
    names : as Typer takes them: `--name`, `--name/--no-name`; one that begins with --no- switches off what is on.
    fields : models and the names of their fields.
    helps : what the help says, by the backend that says it.
    switch : the name of the lifter that the flag chooses; nothing for other flags.
    """

    names: tuple[str, ...]
    flag: Flag
    kind: Any
    fields: list[tuple[type[Options], str]] = field(default_factory=list)
    helps: dict[str, str] = field(default_factory=dict)
    switch: str = ""

    @property
    def name(self) -> str:
        """What the function's argument is called."""
        return self.names[0].partition("/")[0].lstrip("-").replace("-", "_")

    @property
    def said(self) -> str:
        """The flag itself."""
        return self.names[0].partition("/")[0]

    @property
    def heading(self) -> str:
        """Where it stands in the help: of what belongs to a backend, below the names of all that have it."""
        titles: dict[str, list[str]] = {}
        for model, _ in self.fields:
            if title := getattr(model, "title", ""):
                titles.setdefault(model.kind, []).append(title)
        heading = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in titles.items())
        return heading[:1].upper() + heading[1:] or self.flag.group

    @property
    def help(self) -> str:
        """What the help says of it."""
        texts = list(dict.fromkeys(self.helps.values()))
        return (
            texts[0]
            if len(texts) == 1
            else "; ".join(f"{name}: {text.replace('. [', ' [').rstrip('.')}" for name, text in self.helps.items())
        )

    def belongs(self, estimator: str) -> str:
        """Return what is said where neither this estimator nor the lifter takes it."""
        names = [[_name(model) for model, _ in self.fields if model.kind == kind] for kind in ("estimator", "lifter")]
        homes = [f"--estimator {listed(names[0])}"] if names[0] else []
        homes += [f"--use-{listed(names[1])}"] if names[1] else [f"not with {estimator}"]
        return " goes with " + (", or with " if names[1] else ", ").join(homes)

    @property
    def is_plain(self) -> bool:
        """Whether it is there or not, and takes nothing: for what is not typed, Typer gives False and not None."""
        return self.kind is bool and "/" not in self.names[0]

    @property
    def parameter(self) -> inspect.Parameter:
        """What Typer makes the option of."""
        option = typer.Option(
            *self.names, help=self.help, metavar=self.flag.metavar, rich_help_panel=self.heading, show_default=False
        )
        plain = self.is_plain
        kind = bool if plain else (list[self.kind] | None if self.flag.repeated else self.kind | None)  # type: ignore[name-defined]
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if plain else None,
            annotation=Annotated[kind, option],
        )

    def value(self, typed: Any) -> Any:
        """Return the field's value for what was typed; raises InputError."""
        if self.switch:
            return self.switch
        if self.kind is bool:
            return typed != self.said.startswith("--no-")
        return typed if self.flag.parse is None else self.flag.parse(typed)


class Derived(Command):
    """A command with these flags."""

    @property
    def flags(self) -> Mapping[str, str]:
        """What the fields of the settings are called here."""
        return {**super().flags, "angles": "--overlay-angles", **flags_of(choices().values())}


def choices() -> dict[str, Choice]:
    """Return all flags by their arguments' names. A field without a description has none."""
    found: dict[str, Choice] = {}
    for model, name, about in _fields():
        if name == "lifter":
            for key, lifter in LIFTERS.items():
                if lifter.summary:
                    helps = {"": lifter.summary}
                    found[f"--use-{key}"] = Choice((f"--use-{key}",), Flag("Lifter"), bool, [(model, name)], helps, key)
        if not about.description:
            continue
        flag = next((one for one in about.metadata if isinstance(one, Flag)), Flag("Estimator"))
        names = flag.names or _names(name, about)
        if (before := found.get(names[0])) is not None and {_home(before.fields[0][0]), _home(model)} != {"a backend"}:
            raise ValueError(
                f"{names[0]} is an option of {before.fields[0][0].__name__} and of {model.__name__}: call one otherwise"
            )
        one = found.setdefault(names[0], Choice(names, flag, str if flag.parse else _kind(about.annotation)))
        one.fields.append((model, name))
        said = (about.description, flag.note, _usual(names, flag, None if about.is_required() else about.default))
        one.helps[_name(model)] = " ".join(filter(None, said))
    flags = flags_of(found.values())
    for one in found.values():
        one.helps = {name: in_flags(text, flags) for name, text in one.helps.items()}
    return {one.name: one for one in found.values()}


def flags_of(some: Any) -> dict[str, str]:
    """Return the flag of each field, by its path and by its name, and those of values that have their own: `refine=False`."""
    flags: dict[str, str] = {"joined": "--person"}
    for choice in some:
        on, _, off = choice.names[0].partition("/")
        for model, name in choice.fields:
            for path in (name, f"{model.kind}.{name}") if model.kind else (name,):
                flags.setdefault(path, on)
                if choice.switch:
                    flags[f"{path}={choice.switch}"] = on
                elif choice.kind is bool:
                    flags.setdefault(f"{path}=False", off or on)
                    flags.setdefault(f"{path}=True", on)
    return flags


def typed(error: PosedetectorError) -> str:
    """Return what an error says, with the flags of an analysis for its fields."""
    flags = {**CALLED_OTHERWISE, "angles": "--overlay-angles", **flags_of(choices().values())}
    return in_flags(str(error), flags, getattr(error, "field", None))


def with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes the flags beside what it takes itself; it is given them as keywords."""

    @wraps(command)
    def run(**given: Any) -> None:
        command(**given)

    own = [one for one in inspect.signature(command).parameters.values() if one.kind is not one.VAR_KEYWORD]
    derived = choices()
    if both := {one.name for one in own} & derived.keys():
        raise ValueError(
            f"{', '.join(both)}: the command has such options of its own; call the backend's fields otherwise"
        )
    parameters = [*(choice.parameter for choice in derived.values()), *own]
    parameters = [one.replace(kind=one.KEYWORD_ONLY) for one in parameters]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def settings_from(typed: Mapping[str, Any], subject: type[Subject] = Subject) -> dict[str, Any]:
    """Return what `Settings` takes for what was typed; raises InputError, also for flags of what was not chosen."""
    known = choices()
    given = {name: one for name, one in typed.items() if one is not None and (one or not known[name].is_plain)}
    named = str(given.pop("estimator", Settings.model_fields["estimator"].default.name))
    if named not in ESTIMATORS:
        estimator_settings(named)  # which says what there is
    switched = [known[name].switch for name in given if known[name].switch]
    if len(switched) > 1:
        raise InputError(
            f"{' and '.join(known[name].names[0] for name in given if known[name].switch)} are two lifters: give one"
        )
    lifted = next(iter(switched), Settings.model_fields["lifter"].default.name)
    models = {"": Settings, "subject": Subject, "estimator": ESTIMATORS[named], "lifter": LIFTERS[lifted]}
    values: dict[str, dict[str, Any]] = {kind: {} for kind in models}
    for choice in (known[name] for name in given if not known[name].switch):
        value = choice.value(given[choice.name])
        for model, field_name in choice.fields:
            if model is models[model.kind]:
                values[model.kind][field_name] = value
        # the usual value of what an estimator would be told is let through
        usual = any(m.kind == "estimator" and value == m.model_fields[n].default for m, n in choice.fields)
        if not usual and not any(model is models[model.kind] for model, _ in choice.fields):
            raise InputError(choice.said + choice.belongs(named))
    return values[""] | {
        "subject": subject(**values["subject"]),
        "estimator": estimator_settings({"name": named, **values["estimator"]}),
        "lifter": lifter_settings({"name": lifted, **values["lifter"]}),
    }


def _fields() -> Iterator[tuple[type[Options], str, Any]]:
    """Yield every model and field in the order of the help."""
    inner: dict[str, list[type[Options]]] = {
        "subject": [Subject],
        "estimator": [*ESTIMATORS.values()],
        "lifter": [*LIFTERS.values()],
    }
    for name, about in Settings.model_fields.items():
        yield Settings, name, about
        for model in inner.get(name, []):
            yield from ((model, one, own) for one, own in model.model_fields.items() if one != "name")


def _home(model: type[Options]) -> str:
    """Return where a field belongs: what backends have in common may share a flag, and nothing else."""
    return "a backend" if "name" in model.model_fields else model.__name__


def _name(model: type[Options]) -> str:
    """Return the name of an estimator or a lifter, nothing for other models."""
    return str(model.model_fields["name"].default) if "name" in model.model_fields else ""


def _kind(annotation: Any) -> Any:
    """Return the type of the values that are typed for a field: that of the field, or text."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    return annotation if annotation in (bool, int, float, Path) else str


def _names(name: str, about: Any) -> tuple[str, ...]:
    """Return the flag of a field; one that is True by default has another to switch it off."""
    flag = name.replace("_", "-")
    return (f"--{flag}/--no-{flag}" if about.default is True else f"--{flag}",)


def _usual(names: tuple[str, ...], flag: Flag, default: Any) -> str:
    """Return the default as the help says it: nothing where it is that nothing is done."""
    on, _, off = names[0].partition("/")
    if isinstance(default, bool):
        said = (on if default else off).lstrip("-") if off else None
    elif not default and not flag.usual:
        said = None
    elif isinstance(default, Options):
        said = getattr(default, "name", None)
    else:
        said = flag.usual or (f"{default:g}" if isinstance(default, float) else f"{default}")
    return f"[default: {said}]" if said else ""
