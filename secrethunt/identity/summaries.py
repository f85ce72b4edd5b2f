# SPDX-License-Identifier: Apache-2.0
"""Puts whose it is and how far it reaches on the findings of a scan."""

from __future__ import annotations

from dataclasses import replace

from secrethunt.blast_summary import BlastSummary
from secrethunt.coverage import ScanResult
from secrethunt.identity.blast import BlastRadii
from secrethunt.identity.contract import Graph
from secrethunt.identity.subjects import SECRET
from secrethunt.records import SecretId


def with_blast(result: ScanResult, graph: Graph) -> ScanResult:
    """*result* with a summary on each finding whose secret is in *graph*; each secret is worked out once."""
    radii = BlastRadii(graph)
    known: dict[SecretId, BlastSummary | None] = {}
    findings = []
    for finding in result.findings:
        if finding.secret_id not in known:
            node = graph.node(SECRET + finding.secret_id)
            known[finding.secret_id] = radii.of(node).summary() if node is not None else None
        findings.append(replace(finding, blast=known[finding.secret_id]))
    return replace(result, findings=tuple(findings))
