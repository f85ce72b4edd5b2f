# SPDX-License-Identifier: Apache-2.0
"""What roles and bindings of a cluster come to, from objects to edges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from secrethunt.identity.contract import Access, Edge, EdgeKind, EdgeStatus, Unread
from secrethunt.identity.kubernetes.escalation import Escalation, catalogue
from secrethunt.identity.kubernetes.expander import KubernetesExpander
from secrethunt.identity.kubernetes.objects import KubernetesObjects
from secrethunt.identity.kubernetes.rbac import Need
from tests.identity.memory_graph import MemoryGraph

RBAC = "rbac.authorization.k8s.io"
CI = "k8s:prod:service-account:web/ci"


def thing(kind: str, name: str, namespace: str = "", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata.update(fields.pop("metadata", {}))
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


def rule(verbs: str, resources: str, group: str = "", **more: Any) -> dict[str, Any]:
    return {"verbs": verbs.split(","), "resources": resources.split(","), "apiGroups": [group], **more}


def bound(role: str, *, namespace: str = "", kind: str = "ClusterRole", subject: Any = None) -> dict[str, Any]:
    who = subject or {"kind": "ServiceAccount", "name": "ci", "namespace": "web"}
    name = "RoleBinding" if namespace else "ClusterRoleBinding"
    return thing(name, f"b-{role}", namespace, roleRef={"kind": kind, "name": role}, subjects=[who])


def graph_of(folder: Path, *items: Any, name: str = "prod.json") -> MemoryGraph:
    path = folder / name
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}))
    importer = KubernetesObjects()
    assert importer.recognises(path.read_bytes()[:65536], path.name)
    return MemoryGraph(importer.read(str(path)))


def edges(graph: MemoryGraph, key: str = CI) -> list[Edge]:
    node = graph.node(key)
    assert node is not None
    return list(KubernetesExpander().expand(node, graph))


def reached(found: list[Edge]) -> dict[str, tuple[Access | None, EdgeStatus]]:
    return {edge.target: (edge.access, edge.status) for edge in found if edge.kind is EdgeKind.CAN_ACCESS}


ACCOUNTS = [thing("ServiceAccount", "ci", "web"), thing("ServiceAccount", "boss", "web"),
            thing("ServiceAccount", "far", "ops")]  # fmt: skip
POD = thing("Pod", "app", "web", spec={"serviceAccountName": "boss", "containers": [{"name": "c"}]})


def wide(*rules: dict[str, Any]) -> list[dict[str, Any]]:
    return [*ACCOUNTS, thing("ClusterRole", "r", rules=list(rules)), bound("r")]


def narrow(*rules: dict[str, Any]) -> list[dict[str, Any]]:
    return [*ACCOUNTS, thing("ClusterRole", "r", rules=list(rules)), bound("r", namespace="web")]


def test_a_cluster_role_that_is_bound_in_a_namespace_holds_only_there(tmp_path: Path) -> None:
    secrets = [thing("Secret", "a", "web"), thing("Secret", "b", "ops")]
    found = reached(edges(graph_of(tmp_path, *narrow(rule("get", "secrets")), *secrets)))
    assert {"k8s:any:secrets@prod/web", "k8s:prod:secret:web/a"} == set(found)
    found = reached(edges(graph_of(tmp_path, *wide(rule("get", "secrets")), *secrets)))
    assert {"k8s:any:secrets@prod", "k8s:prod:secret:web/a", "k8s:prod:secret:ops/b"} == set(found)
    assert {Access.SECRET_READ} == {access for access, _ in found.values()}


def test_names_limit_what_is_read_but_not_what_is_created(tmp_path: Path) -> None:
    limited = rule("get,list", "secrets", resourceNames=["a"])
    secrets = [thing("Secret", "a", "web"), thing("Secret", "b", "web")]
    assert {"k8s:prod:secret:web/a"} == set(reached(edges(graph_of(tmp_path, *narrow(limited), *secrets))))
    named = rule("create", "serviceaccounts/token", resourceNames=["boss"])
    minted = {
        edge.target for edge in edges(graph_of(tmp_path, *narrow(named))) if edge.kind is EdgeKind.CAN_MINT_KEY_FOR
    }
    assert {"k8s:prod:service-account:web/boss"} == minted


def test_a_subresource_is_not_its_resource(tmp_path: Path) -> None:
    found = edges(graph_of(tmp_path, *wide(rule("create", "pods/log"), rule("get", "pods"))))
    assert EdgeKind.CAN_PASS_TO not in {edge.kind for edge in found}
    found = edges(graph_of(tmp_path, *wide(rule("create", "*/exec")), POD))
    assert "k8s:prod:workload:web/pod/app" in reached(found)


def test_another_api_group_is_another_resource(tmp_path: Path) -> None:
    found = reached(edges(graph_of(tmp_path, *wide(rule("get", "secrets", "acme.example")))))
    assert {"k8s:any:secrets.acme.example@prod": (Access.READ, EdgeStatus.CONFIRMED)} == found


def test_aggregated_roles_have_the_rules_that_are_selected(tmp_path: Path) -> None:
    roles = [
        thing("ClusterRole", "sum", rules=None,
              aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"to": "sum"}}]}),
        thing("ClusterRole", "part", metadata={"labels": {"to": "sum"}}, rules=[rule("get", "secrets")]),
        thing("ClusterRole", "other", metadata={"labels": {"to": "x"}}, rules=[rule("get", "nodes")]),
    ]  # fmt: skip
    found = reached(edges(graph_of(tmp_path, *ACCOUNTS, *roles, bound("sum"))))
    assert {"k8s:any:secrets@prod"} == set(found)


@pytest.mark.parametrize("group", ["system:serviceaccounts", "system:serviceaccounts:web", "system:authenticated"])
def test_groups_that_everybody_is_in_count(tmp_path: Path, group: str) -> None:
    subject = {"kind": "Group", "name": group}
    items = [*ACCOUNTS, thing("ClusterRole", "r", rules=[rule("get", "nodes")]), bound("r", subject=subject)]
    assert "k8s:any:nodes@prod" in reached(edges(graph_of(tmp_path, *items)))


def test_other_groups_do_not(tmp_path: Path) -> None:
    subject = {"kind": "Group", "name": "system:serviceaccounts:ops"}
    items = [*ACCOUNTS, thing("ClusterRole", "r", rules=[rule("get", "nodes")]), bound("r", subject=subject)]
    assert [] == edges(graph_of(tmp_path, *items))


def test_masters_and_cluster_admins_may_do_everything(tmp_path: Path) -> None:
    subject = {"kind": "Group", "name": "system:masters"}
    graph = graph_of(tmp_path, *ACCOUNTS, bound("cluster-admin"), bound("x", subject=subject))
    for key in (CI, "k8s:prod:group:system:masters"):
        assert Access.ADMIN == reached(edges(graph, key))["k8s:any:*@prod"][0]


def test_a_role_that_was_not_exported_is_unknown(tmp_path: Path) -> None:
    [edge] = edges(graph_of(tmp_path, *ACCOUNTS, bound("lost", namespace="web", kind="Role")))
    assert (EdgeStatus.UNKNOWN, "k8s:any:*@prod/web") == (edge.status, edge.target)
    assert "kubectl get clusterroles" in edge.detail


def test_without_bindings_everything_is_unknown_and_with_some_it_is_not(tmp_path: Path) -> None:
    assert [EdgeStatus.UNKNOWN] == [edge.status for edge in edges(graph_of(tmp_path, *ACCOUNTS))]
    other = bound("r", subject={"kind": "User", "name": "ann"})
    assert [] == edges(graph_of(tmp_path, *ACCOUNTS, other))


def test_paths_of_the_server_are_rights_but_for_the_harmless(tmp_path: Path) -> None:
    paths = [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/version"]}]
    assert {} == reached(edges(graph_of(tmp_path, *wide(*paths))))
    logs = [{"verbs": ["get"], "nonResourceURLs": ["/logs/*"]}]
    assert {"k8s:any:paths@prod": (Access.READ, EdgeStatus.CONFIRMED)} == reached(
        edges(graph_of(tmp_path, *wide(*logs)))
    )


# --- escalations --------------------------------------------------------------------------------------------------

MORE = [POD, *(thing(kind, kind.lower(), "web", spec={"template": {"spec": {"serviceAccountName": "boss"}}})
               for kind in ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController")),
        thing("CronJob", "cron", "web",
              spec={"jobTemplate": {"spec": {"template": {"spec": {"serviceAccountName": "boss"}}}}})]  # fmt: skip


def as_rule(need: Need) -> dict[str, Any]:
    return {"verbs": [need.verbs[0]], "apiGroups": [need.group], "resources": [need.resources[0]]}


def paths_of(folder: Path, path: Escalation, needs: tuple[Need, ...]) -> list[Edge]:
    graph = graph_of(folder, *wide(*map(as_rule, needs)), *MORE, bound("q", subject={"kind": "User", "name": "ann"}))
    return [edge for edge in edges(graph) if path.id in edge.evidence or f"; also: {path.name}" in edge.evidence]


@pytest.mark.parametrize("path", catalogue(), ids=lambda path: path.id)
def test_each_path_leads_on_with_all_that_it_needs_and_not_without(tmp_path: Path, path: Escalation) -> None:
    assert [] != paths_of(tmp_path, path, path.needs)
    for left_out in path.needs:
        assert [] == paths_of(tmp_path, path, tuple(need for need in path.needs if need is not left_out))


def test_pods_run_as_accounts_of_their_namespace_only(tmp_path: Path) -> None:
    found = edges(graph_of(tmp_path, *narrow(rule("create", "pods"))))
    assert ["k8s:prod:service-account:web/boss"] == [edge.target for edge in found if edge.kind is EdgeKind.CAN_PASS_TO]


def test_pod_security_keeps_pods_from_the_node(tmp_path: Path) -> None:
    labels = {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    items = narrow(rule("create", "pods"))
    assert "k8s:any:nodes@prod" in reached(edges(graph_of(tmp_path, *items)))
    assert "k8s:any:nodes@prod" not in reached(
        edges(graph_of(tmp_path, *items, thing("Namespace", "web", metadata=labels)))
    )


def test_binding_is_limited_to_the_roles_that_are_named(tmp_path: Path) -> None:
    binding = rule("create", "clusterrolebindings", RBAC)
    for name, target in (("view", "k8s:prod:cluster-role:view"), ("cluster-admin", "k8s:any:*@prod")):
        named = rule("bind", "clusterroles", RBAC, resourceNames=[name])
        found = edges(graph_of(tmp_path, *wide(binding, named)))
        assert [target] == [edge.target for edge in found if edge.kind is not EdgeKind.CAN_ACCESS]


def test_a_pod_that_is_open_to_its_node_leads_there(tmp_path: Path) -> None:
    container = {"name": "c", "securityContext": {"privileged": True}}
    pods = [thing("Pod", "open", "web", spec={"containers": [container], "hostPID": True}), POD]
    graph = graph_of(tmp_path, *pods)
    [edge] = edges(graph, "k8s:prod:workload:web/pod/open")
    assert ("k8s:any:nodes@prod", EdgeStatus.POTENTIAL) == (edge.target, edge.status)
    assert [] == edges(graph, "k8s:prod:workload:web/pod/app")


def test_the_catalogue_says_where_each_path_is_written() -> None:
    assert len(catalogue()) >= 30
    assert all(path.needs and path.reference.startswith("https://") for path in catalogue())


# --- objects ------------------------------------------------------------------------------------------------------


def test_accounts_lead_to_identities_of_clouds(tmp_path: Path) -> None:
    notes = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/app",
             "iam.gke.io/gcp-service-account": "App@acme.iam.gserviceaccount.com",
             "azure.workload.identity/client-id": "00000000-0000-0000-0000-000000000001"}  # fmt: skip
    graph = graph_of(tmp_path, thing("ServiceAccount", "ci", "web", metadata={"annotations": notes}))
    assert {
        "aws:arn:aws:iam::123456789012:role/app",
        "gcp:service-account:app@acme.iam.gserviceaccount.com",
        "azure:app:00000000-0000-0000-0000-000000000001",
    } == {edge.target for edge in graph.edges_from(CI, EdgeKind.CAN_ASSUME)}


def test_no_value_of_a_secret_is_kept(tmp_path: Path) -> None:
    value = "".join(chr(97 + number % 26) for number in range(40))
    notes = {"kubectl.kubernetes.io/last-applied-configuration": value}
    secret = thing("Secret", "a", "web", type="Opaque", data={"password": value}, metadata={"annotations": notes})
    graph = graph_of(tmp_path, secret)
    node = graph.node("k8s:prod:secret:web/a")
    assert node is not None and ["password"] == node.properties["keys"]
    assert value not in repr([*graph.nodes(), *graph.edges_from(node.key)])


def test_a_token_secret_leads_to_its_account(tmp_path: Path) -> None:
    notes = {"kubernetes.io/service-account.name": "boss"}
    secret = thing("Secret", "t", "web", type="kubernetes.io/service-account-token", metadata={"annotations": notes})
    graph = graph_of(tmp_path, secret)
    [stores] = graph.edges_from("k8s:prod:secret:web/t", EdgeKind.STORES)
    [owner] = graph.edges_from(stores.target, EdgeKind.AUTHENTICATES_AS)
    assert "k8s:prod:service-account:web/boss" == owner.target


def test_yaml_documents_and_lists_are_read_alike(tmp_path: Path) -> None:
    items = [*wide(rule("get", "secrets")), POD]
    listed = tmp_path / "prod.yaml"
    listed.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}))
    several = tmp_path / "prod.all.yaml"
    several.write_text(yaml.safe_dump_all(items))
    expected = edges(graph_of(tmp_path, *items))
    for path in (listed, several):
        importer = KubernetesObjects()
        assert importer.recognises(path.read_bytes()[:65536], path.name)
        assert expected == edges(MemoryGraph(importer.read(str(path))))


def test_a_kubeconfig_beside_the_objects_names_the_cluster(tmp_path: Path) -> None:
    cluster = "arn:aws:eks:eu-west-1:123456789012:cluster/shop"
    contexts = [{"name": "c", "context": {"cluster": cluster}}]
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": contexts}
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump_all([config, *ACCOUNTS]))
    graph = MemoryGraph(KubernetesObjects().read(str(path)))
    assert graph.node("k8s:shop:service-account:web/ci") is not None


@pytest.mark.parametrize("cut", [40, 300, 700])
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "prod.json"
    path.write_text(json.dumps({"items": [*ACCOUNTS, *MORE], "kind": "List", "apiVersion": "v1"})[:cut])
    found = list(KubernetesObjects().read(str(path)))
    assert isinstance(found[-1], Unread)
    assert (cut > 40) == any(not isinstance(item, Unread) for item in found)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\nb: *a\nkind: Secret\n",
        "kind: Secret\nmetadata: {name: [" + "[" * 400 + "\n",
        '{"kind": "Role", "metadata": 3}',
        '{"kind": "RoleBinding", "metadata": {"name": "x"}, "roleRef": []}',
        '{"kind": "Pod", "metadata": {"name": "x"}, "spec": 1}',
        '[{"kind": "ClusterRole", "metadata": {"name": "x"}, "rules": 4}, 7]',
        "kind: [",
    ],
)
def test_malformed_objects_are_told_and_do_no_harm(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prod.yaml"
    path.write_text(text)
    assert any(isinstance(item, Unread) for item in KubernetesObjects().read(str(path)))
