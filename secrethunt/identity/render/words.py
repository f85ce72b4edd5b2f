# SPDX-License-Identifier: Apache-2.0
"""Owns the words for edges, nodes, ways and scores that all forms of a blast radius share."""

from __future__ import annotations

from collections.abc import Iterator

from secrethunt.identity.blast import BlastRadius, Counted, Remedy
from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Known, Node
from secrethunt.identity.steps import UNKNOWN_CONTENTS
from secrethunt.identity.weights import Weights

_MOST_STORES = 5
_EDGES = {
    EdgeKind.DUPLICATE_OF: "is the same as",
    EdgeKind.AUTHENTICATES_AS: "authenticates as",
    EdgeKind.MEMBER_OF: "is a member of",
    EdgeKind.RUNS_AS: "runs as",
    EdgeKind.CAN_ASSUME: "can assume",
    EdgeKind.CAN_PASS_TO: "can start something as",
    EdgeKind.CAN_MINT_KEY_FOR: "can make a key for",
    EdgeKind.CAN_CHANGE_POLICY_OF: "can change the policies of",
    EdgeKind.STORES: "holds",
}
_ACCESS = {
    Access.LIST: "can list",
    Access.READ: "can read",
    Access.WRITE: "can write to",
    Access.SECRET_READ: "can read the secrets of",
    Access.ADMIN: "has full control of",
}
_KNOWN = {
    Known.LIVE: "the provider said so to the secret itself",
    Known.INVENTORY: "from an imported inventory",
    Known.CODE: "declared in scanned code",
    Known.OFFLINE: "the secret says so of itself",
    Known.EVALUATED: "evaluated from policies",
}


def edge_words(edge: Edge) -> str:
    """`can assume`, `can read`: what stands between the names of its ends."""
    if edge.status is EdgeStatus.UNKNOWN and edge.kind in (EdgeKind.CAN_ACCESS, EdgeKind.STORES):
        return "might reach"
    if edge.kind is EdgeKind.CAN_ACCESS or edge.kind not in _EDGES:
        return _ACCESS[Access.READ if edge.access is None else edge.access]
    if edge.kind is EdgeKind.CAN_CHANGE_POLICY_OF and edge.access is Access.ADMIN:
        return "can give itself full control of"
    return _EDGES[edge.kind]


def known_words(known: Known) -> str:
    """How it is known, as a clause."""
    return _KNOWN[known]


def node_words(node: Node) -> str:
    """`iam-user ci`: the provider's type and the name."""
    kind = str(node.properties.get("type") or node.kind.value)
    is_plain = kind in ("account", "unknown") or ":any:" in node.key or node.name.startswith((kind, "arn:"))
    return node.name if is_plain else f"{kind} {node.name}"


def interval(ends: tuple[float, float]) -> str:
    """`95`, or `23.9 to 60.1`."""
    lo, hi = (f"{end:.1f}".removesuffix(".0") for end in ends)
    return lo if lo == hi else f"{lo} to {hi}"


def how_sure(edge: Edge, weight: float) -> str:
    """`conditional, ×0.5: aws:SourceIp …`: what is to be said of an edge that is not simply so; else empty."""
    if edge.status is EdgeStatus.CONFIRMED:
        return edge.detail
    said = edge.status.value if weight in (0, 1) else f"{edge.status.value}, ×{weight:g}"
    return f"{said}: {edge.detail}" if edge.detail else said


def iter_first_things(radius: BlastRadius, rotate: str) -> Iterator[str]:
    """
    What to do first, in order: the secret, then the edges whose removal leaves least.

    Args:
        rotate: The advice of the secret's rule; empty where the start is no secret of a rule.
    """
    if rotate:
        yield rotate
    for remedy in radius.remedies:
        yield f"{_cut(remedy)} The blast radius would be {interval(remedy.left)} instead of {interval(radius.blast)}."
    for detail in unknown_words(radius)[:1]:
        yield f"Find out: {detail}."


def unknown_words(radius: BlastRadius) -> list[str]:
    """What is unknown and how to know it, a clause each; stores whose contents nobody listed are named together."""
    said = list(dict.fromkeys(edge.detail for edge in radius.unknown if edge.detail and not _is_contents(edge)))
    stores = list(dict.fromkeys(short(edge.source) for edge in radius.unknown if _is_contents(edge)))
    if stores:
        more = f" and {len(stores) - _MOST_STORES} more" if len(stores) > _MOST_STORES else ""
        said.append(
            f"what the secrets in {', '.join(stores[:_MOST_STORES])}{more} unlock is not known: "
            "import a listing of them, and scan what they are deployed to"
        )
    return said


def _is_contents(edge: Edge) -> bool:
    return edge.target.endswith(UNKNOWN_CONTENTS)


def _cut(remedy: Remedy) -> str:
    edge = remedy.edge
    if remedy.ways > 1 and edge.evidence:
        return f"Take {edge.evidence} from {short(edge.source)} or narrow it; {remedy.ways:,} ways go through it."
    given = f" ({edge.evidence})" if edge.evidence else ""
    return f"Stop {short(edge.source)}: it {edge_words(edge)} {short(edge.target)}{given}."


def stopped_words(edge: Edge) -> str:
    """What a deny, a boundary or a missing trust keeps from being."""
    why = edge.detail or edge.evidence
    return f"{short(edge.source)} {edge_words(edge)} {short(edge.target)}, but for this: {why}"


def short(key: str) -> str:
    """The end of a key that a person recognises."""
    text = key.split(":", 1)[-1]
    if text.startswith("arn:"):
        text = text.split(":", 5)[-1] or text
    if text.startswith("any:"):
        service, _, account = text.removeprefix("any:").partition("@")
        whole = "everything" if service == "*" else f"all of {service}"
        return f"{whole} in {account}" if account else whole
    return text


def factors(radius: BlastRadius, weights: Weights) -> list[tuple[str, str, str, str]]:
    """(name, word, factor, why) of each factor of the risk."""
    around = radius.circumstances
    exposure = weights.exposure
    exposed = (
        f"×{exposure[around.exposure]:g}" if around.exposure else f"×{exposure['private']:g} to {exposure['public']:g}"
    )
    return [
        ("validity", around.validity, f"×{weights.validity[around.validity]:g}", around.validity_why),
        ("constraint", around.constraint, f"×{weights.constraint[around.constraint]:g}", around.constraint_why),
        ("exposure", around.exposure or "unknown", exposed, around.exposure_why),
    ]


def calculation(one: Counted) -> str:
    """`reach 0.95 × sensitivity 0.9 × secret-read 0.8 × 0.35`."""
    reached = one.reached
    weight = one.impact / one.sensitivity if one.sensitivity else 0.0
    return (
        f"reach {reached.reach:.3g} × sensitivity {one.sensitivity:g} × {reached.access.label} {weight:g} × {one.k:g}"
    )
