"""What the account says of the networks that were run."""

from collections.abc import Iterator

from posedetector.account import Entry, NetworkRecord, Note, info
from posedetector.opening import legible
from posedetector.weights import LoadedWeights


def entry_of(networks: tuple[LoadedWeights, ...]) -> Entry:
    """Return each network's file, digest and licence, and what a reader should know of them."""
    records = tuple(
        NetworkRecord(
            name=one.label,
            file=legible(one.path.name),
            sha256=one.sha256,
            known=one.known,
            trust=one.trust,
            licence=one.licence,
            citation=one.citation,
        )
        for one in networks
    )
    return Entry(networks=records, notes=tuple(note for one in networks for note in _notes(one)))


def _notes(network: LoadedWeights) -> Iterator[Note]:
    if network.trust == "own file":
        itself = f"; if it is {network.name} itself: {network.terms}" if network.terms else ""
        yield info(f"{network.path.name} is a file of your own, taken to be built like {network.name}{itself}")
    if network.trust == "first use":
        yield info(
            f"the digest of {network.name}'s file is not in the table: it was accepted as it is, and has to stay so "
            "where its digest could be written beside it"
        )
    if network.trust == "as at first use":
        yield info(f"the digest of {network.name}'s file is not in the table; it is as it was at its first use")
    if network.terms and network.trust != "own file":
        yield info(f"{network.name} ({network.licence}): {network.terms}")
