# SPDX-License-Identifier: Apache-2.0
"""
What providers answer to live credentials, as their documentation shows it (the references of each `identify`), cut
down to what counts; and what must be learned from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Documented:
    """One rule's provider."""

    rule_id: str
    answers: Answers
    """JSON by a part of the path; a number is a status; a list of two is (headers, JSON)."""
    identity: str
    """Key of the identity."""
    rights: tuple[str, ...]
    """Some of what must be found: `access key-of-target`, `unknown key`."""
    parts: Mapping[str, str] = field(default_factory=dict)


def _d(rule_id: str, answers: Answers, identity: str, *rights: str, **parts: str) -> Documented:
    return Documented(rule_id, answers, identity, rights, parts)


_OK: dict[str, Any] = {}
CASES = (
    _d(
        "github.personal-access-token",
        {
            "/user/repos": [
                {"full_name": "o/r", "permissions": {"admin": False, "push": True, "pull": True}},
                {"full_name": "o/s", "permissions": {"admin": True, "push": True, "pull": True}},
            ],
            "/user/orgs": [{"login": "o"}],
            "/user": ({"X-OAuth-Scopes": "repo, admin:org, strange"}, {"login": "octocat", "id": 1, "type": "User"}),
        },
        "github:user:octocat",
        "write github:repo:o/r",
        "admin github:repo:o/s",
        "list github:org:o",
        "write github:any:repository",
        "admin github:any:organization",
        "unknown github:any:strange",
    ),
    _d(
        "github.installation-token",
        {
            "/installation/repositories": {
                "total_count": 1,
                "repositories": [
                    {
                        "full_name": "o/r",
                        "owner": {"login": "o"},
                        "permissions": {"admin": False, "push": False, "pull": True},
                    }
                ],
            }
        },
        "github:installation:o",
        "read github:repo:o/r",
        "unknown github:any:*@o",
    ),
    _d(
        "gitlab.personal-access-token",
        {
            "/personal_access_tokens/self": {"id": 1, "user_id": 2, "scopes": ["api"], "expires_at": "2027-01-01"},
            "/api/v4/user": {"username": "ci", "id": 2, "bot": True},
            "/api/v4/projects": [
                {
                    "path_with_namespace": "g/p",
                    "permissions": {"project_access": {"access_level": 40}},
                }
            ],
            "/api/v4/groups": [{"full_path": "g"}],
        },
        "gitlab:{host}:user:ci",
        "admin gitlab:{host}:project:g/p",
        "list gitlab:{host}:group:g",
    ),
    _d(
        "bitbucket.app-password",
        {
            "/2.0/user/permissions/repositories": {
                "values": [{"permission": "write", "repository": {"full_name": "w/r"}}]
            },
            "/2.0/user/permissions/workspaces": {"values": [{"permission": "owner", "workspace": {"slug": "w"}}]},
            "/2.0/user": (
                {"X-OAuth-Scopes": "repository:write, account"},
                {"account_id": "7", "username": "u", "type": "user"},
            ),
        },
        "bitbucket:user:7",
        "write bitbucket:repo:w/r",
        "admin bitbucket:workspace:w",
        "write bitbucket:any:repository",
        user="u",
    ),
    _d(
        "slack.bot-token",
        {
            "auth.test": (
                {"X-OAuth-Scopes": "chat:write,channels:history"},
                {"ok": True, "team": "T", "team_id": "T1", "user": "bot", "user_id": "U1", "bot_id": "B1"},
            )
        },
        "slack:user:U1",
        "write slack:any:message@T1",
    ),
    _d(
        "stripe.restricted-key",
        {
            "/v1/account": 403,
            "/v1/balance": {"object": "balance"},
            "/v1/charges": {"object": "list"},
            "/v1/": 403,
        },
        "stripe:key:{self}",
        "read stripe:any:balance",
        "read stripe:any:charge",
        "unknown stripe:any:*",
    ),
    _d(
        "stripe.secret-key",
        {"/v1/account": {"object": "account", "id": "acct_1"}, "/v1/": {"object": "list"}},
        "stripe:account:acct_1",
        "admin stripe:any:account@acct_1",
    ),
    _d(
        "openai.api-key",
        {
            "/v1/models": ({"openai-organization": "org-1", "openai-project": "proj_1"}, {"data": [{"id": "m"}]}),
            "/v1/me": 401,
            "/v1/files": {"data": []},
            "/v1/": 403,
        },
        "openai:project:proj_1",
        "read openai:any:file@org-1",
        "read openai:any:model@org-1",
    ),
    _d(
        "anthropic.api-key",
        {"/v1/models": ({"anthropic-organization-id": "o1"}, {"data": []}), "/v1/": 403},
        "anthropic:key:{self}",
        "write anthropic:any:message@o1",
    ),
    _d(
        "anthropic.admin-api-key",
        {
            "/organizations/me": {"type": "organization", "id": "o1", "name": "O"},
            "/api_keys": {"data": [{"id": "apikey_1", "name": "k"}]},
            "/workspaces": {"data": [{"id": "w1", "name": "W"}]},
        },
        "anthropic:key:{self}",
        "admin anthropic:any:organization@o1",
        "admin anthropic:workspace:w1",
    ),
    _d(
        "huggingface.user-token",
        {
            "/api/whoami-v2": {
                "type": "user",
                "name": "u",
                "orgs": [{"name": "o", "roleInOrg": "admin"}],
                "auth": {"accessToken": {"role": "write"}},
            },
            "/api/models": [{"id": "u/m", "private": True}],
        },
        "huggingface:user:u",
        "write huggingface:any:model",
        "admin huggingface:org:o",
        "read huggingface:model:u/m",
    ),
    _d(
        "sendgrid.api-key",
        {
            "/v3/scopes": {"scopes": ["mail.send", "api_keys.create", "odd"]},
            "/v3/user/username": {"username": "u", "user_id": 5},
            "/v3/user/email": {"email": "a@b.example"},
        },
        "sendgrid:account:5",
        "write sendgrid:any:mail@5",
        "admin sendgrid:any:api-key@5",
        "unknown sendgrid:any:odd@5",
    ),
    _d(
        "mailgun.api-key",
        {"/v4/domains": {"items": [{"name": "mg.x.example"}], "total_count": 1}, "/v1/keys": 401, "/v5/users": 401},
        "mailgun:domain:mg.x.example/{self}",
        "write mailgun:domain:mg.x.example",
        "unknown mailgun:any:*",
    ),
    _d(
        "mailchimp.api-key",
        {
            "/3.0/lists": {"lists": [{"id": "l", "name": "L"}]},
            "/3.0/": {
                "account_id": "a",
                "login_id": "l1",
                "account_name": "A",
                "role": "owner",
                "email": "a@b.example",
            },
        },
        "mailchimp:user:l1",
        "admin mailchimp:any:account@a",
        "write mailchimp:audience:l",
        region="us1",
    ),
    _d(
        "twilio.auth-token",
        {
            "/IncomingPhoneNumbers.json": {"incoming_phone_numbers": [{"sid": "PN1", "phone_number": "+1"}]},
            "/Messages.json": {"messages": []},
            "/Keys.json": 401,
            "/Accounts/": {"sid": "AC1", "friendly_name": "A", "status": "active"},
        },
        "twilio:account:AC1",
        "admin twilio:any:account@AC1",
        "write twilio:phone-number:PN1",
        account_sid="AC1",
    ),
    _d(
        "digitalocean.personal-access-token",
        {
            "/v2/account/keys": {"ssh_keys": []},
            "/v2/account": {"account": {"uuid": "u", "email": "a@b.example", "team": {"uuid": "t", "name": "T"}}},
            "/v2/droplets": {"droplets": [{"id": 3, "name": "d"}]},
            "/v2/databases": {"databases": [{"id": "db", "name": "n"}]},
            "/v2/": 403,
        },
        "digitalocean:user:u",
        "read digitalocean:droplet:3",
        "secret-read digitalocean:database:db",
        "unknown digitalocean:any:*@t",
    ),
    _d(
        "cloudflare.api-token",
        {
            "/accounts": {"success": True, "result": [{"id": "acc", "name": "A"}]},
            "/tokens/verify": {"result": {"id": "tok", "status": "active", "expires_on": "2027-01-01T00:00:00Z"}},
            "/tokens/tok": {
                "result": {"name": "ci", "policies": [{"permission_groups": [{"name": "DNS Write"}, {"name": "Odd"}]}]}
            },
            "/zones": {"result": [{"id": "z", "name": "x.example", "permissions": ["#zone:read"]}]},
        },
        "cloudflare:token:tok",
        "write cloudflare:any:dns-zone@acc",
        "unknown cloudflare:any:Odd@acc",
        "read cloudflare:zone:z",
    ),
    _d(
        "cloudflare.global-api-key",
        {
            "/v4/user": {"success": True, "result": {"id": "u", "email": "a@b.example"}},
            "/accounts": {"result": [{"id": "acc", "name": "A"}]},
            "/zones": {"result": [{"id": "z", "name": "x.example"}]},
        },
        "cloudflare:user:u",
        "admin cloudflare:account:acc",
        "admin cloudflare:zone:z",
        email="a@b.example",
    ),
    _d(
        "datadog.application-key",
        {
            "/current_user": {
                "data": {"type": "users", "id": "u", "attributes": {"handle": "a@b.example", "service_account": False}},
                "included": [{"type": "permissions", "attributes": {"name": "logs_read_data"}}],
            },
            "/permissions": {"data": []},
        },
        "datadog:user:u",
        "read datadog:any:log",
        api_key="k" * 32,
    ),
    _d("datadog.api-key", {"/validate": {"valid": True}}, "datadog:api-key:{self}", "write datadog:any:telemetry"),
    _d(
        "databricks.personal-access-token",
        {
            "/scim/v2/Me": {"id": "7", "userName": "a@b.example", "groups": [{"display": "admins"}]},
            "/secrets/scopes/list": {"scopes": [{"name": "s"}]},
            "/api/": 403,
        },
        "databricks:user:7",
        "admin databricks:any:workspace@w",
        "secret-read databricks:secret-scope:s",
        workspace="w",
    ),
    _d(
        "docker.personal-access-token",
        {"/v2/auth/token": {"access_token": "t"}, "/token": {"token": "t", "expires_in": 300}},
        "docker:user:u",
        "read docker:any:repository",
        "unknown docker:any:*",
        user="u",
    ),
    _d(
        "npm.access-token",
        {"/-/whoami": {"username": "u"}, "/-/org/u/package": {"p": "write"}, "/-/npm/v1/": 403},
        "npm:user:u",
        "write npm:package:p",
        "unknown npm:any:*",
    ),
    _d("pypi.api-token", {"/legacy/": 400}, "pypi:token:{self}", "write pypi:any:package"),
    _d(
        "shopify.access-token",
        {
            "/shop.json": {"shop": {"id": 1, "name": "S", "myshopify_domain": "s.myshopify.com"}},
            "/access_scopes.json": {"access_scopes": [{"handle": "read_customers"}, {"handle": "write_themes"}]},
        },
        "shopify:app:{self}",
        "read shopify:any:customer-data@s.myshopify.com",
        "write shopify:any:storefront@s.myshopify.com",
        store="s",
    ),
    _d(
        "square.access-token",
        {
            "/oauth2/token/status": {
                "merchant_id": "M",
                "client_id": "c",
                "scopes": ["PAYMENTS_WRITE"],
                "expires_at": "2027-01-01T00:00:00Z",
            },
            "/v2/merchants/me": {"merchant": {"business_name": "B"}},
            "/v2/locations": {"locations": [{"id": "L", "name": "l"}]},
        },
        "square:app:c@M",
        "write square:any:payment@M",
        "list square:location:L",
    ),
    _d(
        "airtable.personal-access-token",
        {
            "/whoami": {"id": "usr1", "email": "a@b.example", "scopes": ["data.records:read"]},
            "/meta/bases": {"bases": [{"id": "app1", "name": "B", "permissionLevel": "edit"}]},
        },
        "airtable:user:usr1",
        "read airtable:any:record",
        "write airtable:base:app1",
    ),
    _d(
        "asana.personal-access-token",
        {
            "/users/me": {"data": {"gid": "1", "name": "U", "workspaces": [{"gid": "2", "name": "W"}]}},
            "/projects": {"data": [{"gid": "3", "name": "P"}]},
        },
        "asana:user:1",
        "write asana:workspace:2",
        "write asana:project:3",
    ),
    _d(
        "notion.integration-token",
        {
            "/users/me": {"object": "user", "id": "b", "name": "Bot", "type": "bot", "bot": {"workspace_name": "W"}},
            "/users": 403,
            "/search": {"results": [{"object": "page", "id": "p", "url": "https://notion.so/p"}]},
        },
        "notion:user:b",
        "read notion:page:p",
        "unknown notion:any:*@W",
    ),
    _d(
        "figma.personal-access-token",
        {"/v1/me": {"id": "1", "handle": "u", "email": "a@b.example"}},
        "figma:user:1",
        "unknown figma:any:*",
    ),
    _d(
        "postman.api-key",
        {
            "/me": {"user": {"id": 1, "username": "u", "teamId": 2, "teamName": "T", "roles": ["admin"]}},
            "/environments": {"environments": [{"uid": "1-e", "name": "prod"}]},
            "/workspaces": {"workspaces": [{"id": "w", "name": "W"}]},
            "/collections": {"collections": []},
        },
        "postman:user:1",
        "admin postman:any:team@2",
        "secret-read postman:environment:1-e",
    ),
    _d(
        "sentry.user-token",
        {
            "/api/0/organizations/": [{"id": "1", "slug": "o"}],
            "/api/0/projects/": [{"id": "2", "slug": "p"}],
            "/api/0/": {"version": "0", "user": {"id": "9", "username": "u"}, "auth": {"scopes": ["org:admin"]}},
        },
        "sentry:user:9",
        "admin sentry:any:organization@1",
        "read sentry:project:2",
    ),
    _d(
        "grafana.service-account-token",
        {
            "/api/access-control/user/actions": {"datasources:write": True, "odd": True},
            "/api/datasources": [{"uid": "d", "name": "D", "type": "loki"}],
            "/api/org": {"id": 1, "name": "O"},
            "/api/user": 404,
        },
        "grafana:service-account:{self}",
        "admin grafana:any:data-source@1",
        "read grafana:data-source:d",
        host="x.grafana.net",
    ),
    _d(
        "pagerduty.user-token",
        {"/users/me": {"user": {"id": "P", "name": "U", "role": "admin", "teams": [{"id": "T", "summary": "t"}]}}},
        "pagerduty:user:P",
        "admin pagerduty:any:account",
        "read pagerduty:team:T",
    ),
    _d(
        "opsgenie.api-key",
        {"/v2/account": {"data": {"name": "O", "plan": {"name": "E"}}}, "/v2/alerts": {"data": []}, "/v2/": 403},
        "opsgenie:key:{self}",
        "read opsgenie:any:alert@O",
        "unknown opsgenie:any:*@O",
    ),
    _d(
        "atlassian.api-token",
        {
            "/myself": {"accountId": "a", "displayName": "U", "accountType": "atlassian"},
            "/mypermissions": {"permissions": {"ADMINISTER": {"key": "ADMINISTER", "havePermission": True}}},
            "/project/search": {"values": [{"id": "1", "key": "P", "name": "Project"}]},
        },
        "atlassian:user:a",
        "admin atlassian:any:site@x.atlassian.net",
        "read atlassian:project:1",
        site="x.atlassian.net",
        email="a@b.example",
    ),
    _d(
        "hashicorp.terraform-token",
        {
            "/account/details": {"data": {"type": "users", "id": "user-1", "attributes": {"username": "u"}}},
            "/organizations/o/workspaces": {
                "data": [
                    {"id": "ws-1", "attributes": {"name": "prod", "permissions": {"can-read-state-versions": True}}},
                    {"id": "ws-2", "attributes": {"name": "dev", "permissions": {"can-queue-run": True}}},
                ]
            },
            "/organizations": {"data": [{"id": "o", "attributes": {"name": "o", "permissions": {}}}]},
        },
        "terraform:user:user-1",
        "secret-read terraform:workspace:ws-1",
        "write terraform:workspace:ws-2",
    ),
    _d(
        "hashicorp.vault-service-token",
        {
            "/lookup-self": {
                "data": {
                    "accessor": "acc",
                    "path": "p",
                    "display_name": "d",
                    "policies": ["default", "ci"],
                    "entity_id": "",
                }
            },
            "/capabilities-self": {"data": {"secret/data/": ["read", "list"], "auth/token/create": ["deny"]}},
            "/policies/acl/ci": {"data": {"policy": ""}},
            "/mounts": {"data": {"secret": {"kv/": {"type": "kv", "accessor": "kv_1"}}}},
            "/v1/": 403,
        },
        "vault:token:acc",
        "secret-read vault:any:secret@{port}",
        "list vault:policy:ci",
        "list vault:mount:kv_1",
    ),
    _d(
        "linear.api-key",
        {
            "/graphql": {
                "data": {
                    "viewer": {"id": "v", "name": "U", "admin": True},
                    "organization": {"id": "o", "name": "O"},
                    "teams": {"nodes": [{"id": "t", "name": "T"}]},
                }
            }
        },
        "linear:user:v",
        "admin linear:any:workspace@o",
        "write linear:team:t",
    ),
    _d(
        "heroku.api-key",
        {
            "/account": {"id": "u", "email": "a@b.example"},
            "/apps": [{"id": "a", "name": "app"}],
            "/teams": [{"id": "t", "name": "team", "role": "admin"}],
            "/oauth/authorizations": 403,
        },
        "heroku:user:u",
        "read heroku:app:a",
        "admin heroku:team:t",
        "unknown heroku:any:*",
    ),
    _d(
        "netlify.token",
        {
            "/user": {"id": "u", "email": "a@b.example"},
            "/accounts": [{"id": "a", "name": "A"}],
            "/sites": [{"id": "s", "name": "S"}],
        },
        "netlify:user:u",
        "write netlify:site:s",
        "secret-read netlify:any:environment-variable",
    ),
    _d(
        "vercel.token",
        {
            "/v2/user": {"user": {"id": "u", "username": "n"}},
            "/v2/teams": {"teams": [{"id": "t", "name": "T", "membership": {"role": "OWNER"}}]},
            "/v9/projects": {"projects": [{"id": "p", "name": "P"}]},
            "/tokens/current": {"token": {"id": "x"}},
        },
        "vercel:user:u",
        "admin vercel:team:t",
        "write vercel:project:p",
    ),
    _d(
        "okta.ssws-token",
        {
            "/users/me/roles": [{"type": "SUPER_ADMIN"}],
            "/users/me/groups": [{"id": "g", "profile": {"name": "G"}}],
            "/users/me": {"id": "u", "status": "ACTIVE", "profile": {"login": "a@b.example"}},
            "/apps": [{"id": "a", "label": "A"}],
            "/users": [{"id": "u"}],
        },
        "okta:user:u",
        "admin okta:any:organization@x.okta.com",
        "read okta:app:a",
        domain="x.okta.com",
    ),
    _d(
        "snyk.api-token",
        {
            "/rest/self": {"data": {"id": "u", "type": "user", "attributes": {"username": "n"}}},
            "/rest/orgs": {"data": [{"id": "o", "attributes": {"name": "O"}}]},
        },
        "snyk:user:u",
        "read snyk:organization:o",
        "unknown snyk:any:*",
    ),
    _d(
        "circleci.personal-token",
        {
            "/me/collaborations": [{"id": "o", "name": "O"}],
            "/me": {"id": "u", "login": "n"},
            "/context": {"items": [{"id": "c", "name": "C"}]},
        },
        "circleci:user:u",
        "write circleci:context:c",
        "read circleci:organization:o",
    ),
    _d(
        "buildkite.api-access-token",
        {
            "/access-token": {"uuid": "t", "scopes": ["read_job_env"], "user": {"email": "a@b.example", "name": "N"}},
            "/organizations": [{"id": "o", "slug": "s"}],
        },
        "buildkite:user:a@b.example",
        "secret-read buildkite:any:job-environment",
        "list buildkite:organization:o",
    ),
    _d(
        "hubspot.private-app-token",
        {
            "/account-info/v3/details": {"portalId": 5, "uiDomain": "app.hubspot.com"},
            "/access-token-info": {"appId": 3, "hubId": 5, "userId": 1, "scopes": ["crm.objects.contacts.read"]},
        },
        "hubspot:app:3",
        "read hubspot:any:customer-data@5",
    ),
    _d(
        "newrelic.user-key",
        {"/graphql": {"data": {"actor": {"user": {"id": 1, "name": "N"}, "accounts": [{"id": 2, "name": "A"}]}}}},
        "newrelic:user:1",
        "read newrelic:account:2",
        "unknown newrelic:any:*",
    ),
    _d(
        "discord.bot-token",
        {
            "/users/@me/guilds": [{"id": "g", "name": "G", "owner": False}],
            "/users/@me": {"id": "1", "username": "bot"},
            "/applications/@me": {"name": "A"},
        },
        "discord:user:1",
        "write discord:guild:g",
    ),
    _d(
        "telegram.bot-token",
        {
            "/getMe": {
                "ok": True,
                "result": {"id": 1, "username": "b", "can_read_all_group_messages": True},
            },
            "/getWebhookInfo": {"ok": True, "result": {}},
        },
        "telegram:user:1",
        "write telegram:any:message",
    ),
    _d(
        "dropbox.long-lived-token",
        {
            "/get_current_account": {"account_id": "a", "name": {"display_name": "N"}},
            "/list_folder": {"entries": []},
            "/2/": 401,
        },
        "dropbox:user:a",
        "read dropbox:any:file",
        "unknown dropbox:any:*",
    ),
)
