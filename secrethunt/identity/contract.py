# SPDX-License-Identifier: Apache-2.0
"""
The records of the identity graph: nodes, edges, how each is known, and the interface by which a provider's permissions
become edges.

The store keeps what was observed (nodes, edges, grants). What follows from it (who may assume what, which resource is
reached) is evaluated when somebody asks, by the expander of the node's provider, so that nothing derived grows stale.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class NodeKind(enum.Enum):
    """What a node stands for; the value is stored and printed."""

    CREDENTIAL = "credential"
    LOCATION = "location"
    """A place in code: repository, path."""
    IDENTITY = "identity"
    """The non-human identity (or a user, where a key is a person's): what a credential authenticates as."""
    OWNER = "owner"
    """Person or team."""
    GROUP = "group"
    ROLE = "role"
    """What can be assumed or bound: IAM role, Kubernetes role, Entra directory role."""
    POLICY = "policy"
    """A document or role definition that grants or bounds."""
    RESOURCE = "resource"
    SECRET_STORE = "secret-store"
    WORKLOAD = "workload"
    """Function, instance, pod, pipeline job: runs as an identity."""
    TRUST_PROVIDER = "trust-provider"
    """OIDC or SAML provider."""
    REPOSITORY = "repository"
    PIPELINE = "pipeline"
    ACCOUNT = "account"
    """Account, tenant, subscription, project, organisation, cluster."""
    ENVIRONMENT = "environment"
    VENDOR = "vendor"


class EdgeKind(enum.Enum):
    """How two nodes relate, read from source to target; the value is stored and printed."""

    FOUND_IN = "FOUND_IN"
    AUTHENTICATES_AS = "AUTHENTICATES_AS"
    OWNED_BY = "OWNED_BY"
    MEMBER_OF = "MEMBER_OF"
    HAS_GRANT = "HAS_GRANT"
    """Identity, group or role → policy."""
    BOUNDED_BY = "BOUNDED_BY"
    """Identity, role or account → policy that limits it (boundary, service control policy)."""
    TRUSTS = "TRUSTS"
    """Role or resource → whom its own policy names: how it is found by who may use it."""
    CAN_ASSUME = "CAN_ASSUME"
    CAN_MINT_KEY_FOR = "CAN_MINT_KEY_FOR"
    CAN_CHANGE_POLICY_OF = "CAN_CHANGE_POLICY_OF"
    CAN_PASS_TO = "CAN_PASS_TO"
    RUNS_AS = "RUNS_AS"
    CAN_ACCESS = "CAN_ACCESS"
    STORES = "STORES"
    """Secret store or resource → credential."""
    DEPLOYS = "DEPLOYS"
    IN_ACCOUNT = "IN_ACCOUNT"
    IN_ENVIRONMENT = "IN_ENVIRONMENT"
    ISSUED_BY = "ISSUED_BY"
    DUPLICATE_OF = "DUPLICATE_OF"
    REPLACED_BY = "REPLACED_BY"


class EdgeStatus(enum.Enum):
    """How sure an edge is."""

    CONFIRMED = "confirmed"
    """Proven live, or by policies that were all read."""
    CONDITIONAL = "conditional"
    """Holds if conditions hold that nobody can decide here; `Edge.detail` names them."""
    POTENTIAL = "potential"
    """Needs something that exists but was not proven usable (a running instance, a pipeline)."""
    BLOCKED = "blocked"
    """A deny, boundary or missing trust stops it; kept because it explains."""
    UNKNOWN = "unknown"
    """What would decide it was not imported; `Edge.detail` says what to import."""


class Known(enum.Enum):
    """How something is known, most trusted first."""

    LIVE = "live"
    INVENTORY = "inventory"
    CODE = "code"
    """Declared in the scanned code."""
    OFFLINE = "offline"
    """The secret speaks for itself."""
    EVALUATED = "evaluated"
    """Follows from what is known; never stored."""


class Access(enum.IntEnum):
    """What may be done to a resource, weakest first; weights stand in `identity/weights.json`."""

    LIST = 0
    READ = 1
    WRITE = 2
    SECRET_READ = 3
    ADMIN = 4

    @property
    def label(self) -> str:
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Node:
    """One thing. `key` is unique over all providers and stable: `aws:iam-user:arn:aws:iam::123456789012:user/ci`."""

    key: str
    kind: NodeKind
    provider: str
    name: str
    """What a person calls it."""
    account: str = ""
    """Key of the ACCOUNT node it is in, empty where not known."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """JSON values, never a secret. Names with a fixed meaning: `type` (provider's own: `iam-user`, `service-account`),
    `created`, `last_used`, `expires` (RFC 3339), `tags`, `environment`, `is_human`, `sensitivity` (0.1 to 1), `tier0`
    (bool), `document` (a policy)."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One relation, with its evidence."""

    source: str
    target: str
    kind: EdgeKind
    status: EdgeStatus = EdgeStatus.CONFIRMED
    known: Known = Known.INVENTORY
    evidence: str = ""
    """API answer, policy and statement id, file and line: enough to check it by hand."""
    detail: str = ""
    """What the status hangs on: conditions, missing imports, what blocks."""
    access: Access | None = None
    """Set for CAN_ACCESS."""
    actions: tuple[str, ...] = ()
    """The provider's own names of what is allowed: a few, the strongest first."""
    weight: float | None = None
    """Overrides the weight of kind and status (needs MFA, needs existing compute)."""
    seen_at: str = ""
    """RFC 3339, UTC; empty for evaluated edges."""


class Graph(Protocol):
    """What expanders may read; the store implements it."""

    def node(self, key: str) -> Node | None:
        """The node, or None."""

    def nodes(self, *, kind: NodeKind | None = None, provider: str = "", account: str = "") -> Iterator[Node]:
        """All that fit, in order of key."""

    def edges_from(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        """Stored edges that leave *key*, of the given kinds or of all."""

    def edges_to(self, key: str, *kinds: EdgeKind) -> Iterable[Edge]:
        """Stored edges that arrive at *key*."""


class Expander(Protocol):
    """What follows for a node of one provider: evaluated edges that leave it. Registered in `identity/permissions/`."""

    def expand(self, node: Node, graph: Graph) -> Iterator[Edge]:
        """
        Evaluated edges from *node* (identity, role, workload, resource, …) under everything that the graph knows:
        CAN_ASSUME, CAN_ACCESS, CAN_MINT_KEY_FOR, CAN_CHANGE_POLICY_OF, CAN_PASS_TO, with status, evidence, detail.
        Targets that are no stored nodes (`*`, a whole service) are keyed `provider:any:…`, see `target_nodes`.
        """

    def target_nodes(self, keys: Iterable[str]) -> Iterator[Node]:
        """Nodes for keys of `expand` that the store does not have."""


class Importer(Protocol):
    """Reads one kind of exported file into the graph. Registered in `identity/inventory/`."""

    name: str
    """As `nhi import` prints it: `aws account authorization details`."""

    def recognises(self, head: bytes, name: str) -> bool:
        """Whether a file that begins with *head* (up to 64 KiB) and is called *name* is of this kind."""

    def read(self, path: str) -> Iterator[Node | Edge | Unread]:
        """Everything in the file, streamed; what cannot be used is an `Unread`, never an error in the middle."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Something of an export that was not used, and why."""

    what: str
    why: str
