"""Several systems against one reference, over one trial or many."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from posedetector.errors import InputError
from posedetector.evaluation.clocks import MAX_LAG
from posedetector.evaluation.matching import match
from posedetector.evaluation.protocols import Protocol
from posedetector.evaluation.scores import Scores, score
from posedetector.motion import Motion

Trials = Mapping[str, Motion]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of every trial of every system, under one protocol.

    Attributes
    ----------
    notes : what a reader has to know about the figures.
    about : how they were made: version, date, command, files with their digests.
    """

    protocol: Protocol
    scores: tuple[Scores, ...]
    notes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()

    @property
    def systems(self) -> tuple[str, ...]:
        """Their names, in the order given."""
        return tuple(dict.fromkeys(one.system for one in self.scores))

    def of(self, system: str) -> list[Scores]:
        """Return one system's scores."""
        return [one for one in self.scores if one.system == system]


def evaluate(
    pairs: Iterable[tuple[str, Trials, Trials]],
    protocol: Protocol,
    *,
    lag: float | None = None,
    max_lag: float = MAX_LAG,
    clusters: Mapping[str, str] | None = None,
) -> Evaluation:
    """Compare each system's trials with their references.

    Parameters
    ----------
    pairs : the system's name, its trials, and the reference's trials. One of each belong together whatever they are
        called; several are paired by name.
    lag : seconds added to the predictions' clocks; None searches within `max_lag`, if the protocol says so.
    clusters : trial → what it shares with others, such as the person; intervals take that as drawn, not the trial.

    Raises
    ------
    InputError
        If a system has no trial, a trial no joint or no time in common with its reference, or nothing to compare.
    """
    scores, notes = [], []
    for system, predictions, references in pairs:
        common, alone = _paired(predictions, references, system)
        notes += [f"{system}: {note}" for note in alone]
        for trial, prediction, reference in common:
            matched = match(prediction, reference, protocol, lag=lag, max_lag=max_lag)
            found = score(
                system,
                trial,
                matched,
                protocol,
                action=protocol.action_of(trial),
                cluster=(clusters or {}).get(trial, re.sub(r"/camera \d+$", "", trial)),
            )
            if not found.points:
                raise InputError(
                    f"{system}{f', {trial}' if trial else ''}: in {found.frames} common frames there is not one joint "
                    "of which both have a value"
                )
            scores.append(found)
            notes += [f"{system}: {note}" for note in (*prediction.notes, *found.notes)]
            notes += [f"reference: {note}" for note in reference.notes]
    return made(scores, notes, protocol)


def made(scores: Sequence[Scores], notes: Iterable[str], protocol: Protocol) -> Evaluation:
    """Return the evaluation, its protocol called by the subjects that it was done on where they are not its own."""
    subjects = sorted({one.trial.split("/")[0] for one in scores if "/" in one.trial})
    if protocol.subjects and subjects and set(subjects) != set(protocol.subjects):
        protocol = replace(
            protocol, name=f"{protocol.name}, {' '.join(subjects)} instead of {' '.join(protocol.subjects)}"
        )
    return Evaluation(protocol, tuple(scores), tuple(dict.fromkeys((*notes, *account(scores)))))


def account(scores: Sequence[Scores]) -> Iterable[str]:
    """Yield what was left out, in words: nothing is dropped without being counted."""
    trials = {one.trial for one in scores}
    for system in dict.fromkeys(one.system for one in scores):
        mine = {one.trial for one in scores if one.system == system}
        if mine != trials and len(trials) > 1:
            yield f"{system} has {len(mine)} of the {len(trials)} trials: its figures are not of the same as the others'"
    for one in scores:
        who = f"{one.system}{f', {one.trial}' if one.trial else ''}"
        if one.absent:
            yield f"{who}: without {', '.join(one.absent)}, which one of the two lacks"
        if one.points < one.expected:
            worst = sorted(one.missing.items(), key=lambda pair: -pair[1])
            named = [f"{joint} in {count}" for joint, count in worst[:4]]
            named += [f"{len(worst) - 4} more joints"] if len(worst) > 4 else []
            named += [f"the root, and with it every joint, in {one.rootless}"] if one.rootless else []
            yield (
                f"{who}: {one.expected - one.points} of {one.expected} points are missing in the prediction and not "
                f"compared ({', '.join(named)} of {one.frames} frames)"
            )
        if one.counts["p_mpjpe"] < one.points:
            yield (
                f"{who}: P-MPJPE is of {one.counts['p_mpjpe']} of the {one.points} points: frames with fewer than four "
                "have no similarity"
            )
        if one.unmeasured:
            yield f"{who}: {one.unmeasured} points are missing in the reference and not compared"


def _paired(predictions: Trials, references: Trials, system: str) -> tuple[list[tuple[str, Motion, Motion]], list[str]]:
    if len(predictions) == 1 and len(references) == 1:
        (trial, prediction), (reference,) = *predictions.items(), references.values()
        return [(trial, prediction, reference)], []
    common = [trial for trial in predictions if trial in references]
    if not common:
        raise InputError(
            f"{system}: no trial of the prediction ({', '.join(list(predictions)[:5])}, …) is in the reference "
            f"({', '.join(list(references)[:5])}, …)"
        )
    alone = [f"{len(predictions) - len(common)} of its trials are not in the reference"] * (
        len(predictions) > len(common)
    )
    alone += [f"{len(references) - len(common)} of the reference's trials are not among its own"] * (
        len(references) > len(common)
    )
    return [(trial, predictions[trial], references[trial]) for trial in common], alone
