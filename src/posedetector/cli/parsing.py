"""What people type, before it is parsed: names of options that others use, decimal commas, and what is given twice."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand
from typer.exceptions import TyperException

from posedetector.errors import InputError, PosedetectorError

# What newcomers and other programs call our options
_MEANT = {
    "--mass": "--weight --body-weight --bodyweight --body-mass --kg",
    "--height": "--stature --body-height --tall --size --cm",
    "--video": "--input --file --in --path --source --src --movie --clip --video-path --input-video --infile -i -v -f",
    "--output-dir": "--output --out --outdir --out-dir --output-folder --output-path --outfile --results --dest -o -d",
    "--sex": "--gender",
    "--fps": "--framerate --frame-rate --rate --frequency",
    "--capture-fps": "--slow-motion --slowmo --slow-mo --recording-fps --true-fps",
    "--focal-length": "--focal --focallength",
    "--fov": "--field-of-view",
    "--calibration": "--intrinsics --camera-calibration --calib --camera-matrix",
    "--formats": "--format --export --save-as --file-formats",
    "--person": "--subject --person-id --person-number --select-person --id",
    "--max-persons": "--people --persons --num-people --num-persons --nb-persons",
    "--treadmill-speed": "--treadmill --belt-speed --speed",
    "--start": "--begin --from --start-time --time-start -ss",
    "--end": "--to --stop --end-time --time-end --until",
    "--cutoff": "--filter --filter-cutoff --lowpass --low-pass --cut-off --butterworth",
    "--movement": "--task --activity --exercise --motion --test --mode",
    "--no-overlay": "--no-video --novideo --skip-overlay",
    "--device": "--gpu --cuda",
    "--debug": "--verbose --traceback",
    "--quiet": "--silent -q",
    "--open": "--open-report --browser",
    "--augment-markers": "--augment --markers --augmentation",
    "--use-videopose3d": "--videopose3d --lift --lifter",
    "--estimate-missing": "--fill-missing --missing",
    "--mirrored": "--mirror --flip --selfie",
}
_OURS = {other: ours for ours, others in _MEANT.items() for other in others.split()}
# Arguments of the library that commands call otherwise, or that are another command's
CALLED_OTHERWISE = {
    "point_map": "--map",
    "alignment": "--align",
    "rate": "--prediction-rate",
    "formats": "--formats",
    "augment_markers": "--augment-markers",
    "find_persons": "--list-persons",
}
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_FIELD = re.compile(r"`([a-z_][a-z0-9_.]*)(?:=([^`]*))?`")


def in_flags(message: str, flags: Mapping[str, str], field: str | None = None) -> str:
    """Return a message of the library in which its fields, `fov` or `refine=False`, are called what people type.

    Parameters
    ----------
    flags : flag by field, and by `field=value` where a value has a flag of its own.
    field : the one at fault; names without a path are looked for beside it first.
    """
    beside = f"{field.rpartition('.')[0]}." if field and "." in field else ""

    def flag(found: re.Match[str]) -> str:
        name, value = found[1], None if found[2] is None else found[2].strip("\"'")
        for one in (beside + name, name):
            if f"{one}={value}" in flags:
                return flags[f"{one}={value}"]
            if one in flags:
                return flags[one] if value is None else f"{flags[one]} {value}"
        return found[0]

    return _FIELD.sub(flag, message)


class Command(TyperCommand):
    """A command that knows other names of its options, takes decimal commas, and refuses what is given twice.

    Its help has the options under their headings, and errors of the library call fields by their flags.
    """

    @property
    def flags(self) -> Mapping[str, str]:
        """What the library's fields and arguments are called here; see `in_flags`."""
        own = {str(param.name): param.opts[0] for param in self.params if param.param_type_name == "option"}
        return CALLED_OTHERWISE | own

    @contextmanager
    def in_flags(self) -> Iterator[None]:
        """Let errors of the library name flags."""
        try:
            yield
        except PosedetectorError as error:
            error.args = (in_flags(str(error), self.flags, getattr(error, "field", None)),)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its errors name flags."""
        with self.in_flags():
            return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what was typed; raises InputError, or Typer's errors."""
        with self.in_flags():
            return self._parse(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options into the help, each group under its heading."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": []}
        for param in self.get_params(ctx):
            if record := param.get_help_record(ctx):
                usual = "Arguments" if param.param_type_name == "argument" else "Options"
                groups.setdefault(getattr(param, "rich_help_panel", None) or usual, []).append(record)
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def _parse(self, ctx: Any, args: list[str]) -> list[str]:
        words = list(self._with_points(args))
        try:
            _, _, order = self.make_parser(ctx).parse_args(args=list(words))
        except TyperException as error:
            raise self._meant(error) from error
        for param, count in Counter(order).items():
            if (
                count > 1
                and param.nargs != -1
                and not (getattr(param, "multiple", False) or getattr(param, "is_flag", False))
            ):
                more = ": one video at a time, so run it once per video" if param.name == "video" else ": give it once"
                raise InputError(f"{param.opts[0]} is given {'twice' if count == 2 else f'{count} times'}{more}")
        for param in self.params:
            both = [next((word for word in words if word in names), "") for names in (param.opts, param.secondary_opts)]
            if all(both):
                raise InputError(f"{both[0]} and {both[1]} contradict each other: give one")
        return super().parse_args(ctx, words)

    def _meant(self, error: TyperException) -> Exception:
        """Return the error for an option that does not exist, with ours where it is known what was meant."""
        name = getattr(error, "option_name", None)
        known = {option for param in self.params for option in (*param.opts, *param.secondary_opts)}
        ours = _OURS.get(f"{name}".replace("_", "-").lower())
        if name is None or name in known or ours not in known:
            same = f"{name}".replace("_", "-").lower()
            return InputError(f"there is no option {name}; did you mean {same}?") if same in known - {name} else error
        return InputError(f"there is no option {name}; did you mean {ours}?")

    def _with_points(self, args: list[str]) -> Iterator[str]:
        """Yield what was typed, with decimal points in the values of options that take numbers."""
        numbers = {option: param for param in self.params if _takes_numbers(param) for option in param.opts}
        left, option = 0, ""
        for word in args:
            name, equals, value = word.partition("=")
            if left:
                left -= 1
                yield _number(word, option, several=numbers[option].multiple)
            elif name in numbers and equals:
                yield f"{name}={_number(value, name, several=numbers[name].multiple)}"
            else:
                if word in numbers:
                    left, option = numbers[word].nargs, word
                yield word


def _takes_numbers(param: object) -> bool:
    """Tell whether an option takes numbers, and nothing reads them but Typer: heights have units."""
    described = getattr(param, "type_descriptor", None)
    own = getattr(getattr(described, "parameter_info", None), "parser", None)
    return (
        own is None
        and getattr(described, "annotation", None) in (float, list[float])
        and getattr(param, "nargs", 0) > 0
    )


def _number(text: str, option: str, *, several: bool) -> str:
    """Return a number with a decimal point; raises InputError for what is none, or may be two."""
    whole = text.strip()
    if _COMMA.fullmatch(whole):
        point = whole.replace(",", ".")
        if several:
            raise InputError(f"{option} {whole}: write {point}, or give {option} again for another number")
        if _THOUSANDS.fullmatch(whole):
            raise InputError(f"{option} {whole}: write {whole.replace(',', '')} or {point}")
        return point
    try:
        float(whole)
    except ValueError:
        raise InputError(f"{option} takes a number, such as 1.2; got {text!r}") from None
    return text
