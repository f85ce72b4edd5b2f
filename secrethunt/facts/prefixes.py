# SPDX-License-Identifier: Apache-2.0
"""Kinds and modes that providers write into the prefix of a token, as their documentation names them."""

from __future__ import annotations

from secrethunt.facts.reading import Fact


def _kind(text: str, mode: str = "") -> tuple[Fact, ...]:
    return (("kind", text), ("mode", mode)) if mode else (("kind", text),)


_TABLE: dict[str, tuple[Fact, ...]] = {
    # GitHub, "About authentication to GitHub", token formats.
    "ghp_": _kind("personal access token (classic)"),
    "github_pat_": _kind("fine-grained personal access token"),
    "gho_": _kind("OAuth access token"),
    "ghu_": _kind("user access token of a GitHub App"),
    "ghs_": _kind("installation access token of a GitHub App"),
    "ghr_": _kind("refresh token of a GitHub App"),
    # GitLab, "Token overview", token prefixes.
    "glpat-": _kind("personal, project or group access token"),
    "gloas-": _kind("OAuth application secret"),
    "gldt-": _kind("deploy token"),
    "glrt-": _kind("runner authentication token"),
    "glrtr-": _kind("runner registration token"),
    "glcbt-": _kind("CI/CD job token"),
    "glptt-": _kind("pipeline trigger token"),
    "glft-": _kind("feed token"),
    "glimt-": _kind("incoming mail token"),
    "glagent-": _kind("agent for Kubernetes token"),
    "glwt-": _kind("workspace token"),
    "glsoat-": _kind("SCIM token"),
    "glffct-": _kind("feature flags client token"),
    # Stripe, "API keys".
    "sk_live_": _kind("secret key", "live"),
    "sk_test_": _kind("secret key", "test"),
    "rk_live_": _kind("restricted key", "live"),
    "rk_test_": _kind("restricted key", "test"),
    "pk_live_": _kind("publishable key", "live"),
    "pk_test_": _kind("publishable key", "test"),
    "sk_org_live_": _kind("organization key", "live"),
    "sk_org_test_": _kind("organization key", "test"),
    "whsec_": _kind("webhook signing secret"),
    # Slack, "Token types".
    "xapp-": _kind("app-level token"),
    "xwfp-": _kind("workflow token"),
    # Shopify, "Authentication and authorization".
    "shpat_": _kind("admin API access token"),
    "shpca_": _kind("custom app access token"),
    "shppa_": _kind("private app password"),
    "shpss_": _kind("app shared secret"),
    "shpua_": _kind("user access token"),
    "shptka_": _kind("theme access password"),
    # Square, "Access tokens".
    "sq0atp-": _kind("personal access token"),
    "sq0csp-": _kind("OAuth application secret"),
    # npm, "About access tokens"; Docker, "Access tokens".
    "npm_": _kind("access token"),
    "dckr_pat_": _kind("personal access token"),
    "dckr_oat_": _kind("organization access token"),
    # OpenAI, Anthropic and Hugging Face: consoles and API references.
    "sk-proj-": _kind("project key"),
    "sk-svcacct-": _kind("service account key"),
    "sk-admin-": _kind("admin key"),
    "sk-ant-api": _kind("API key"),
    "sk-ant-admin": _kind("admin key"),
    "sk-ant-oat": _kind("OAuth access token"),
    "sk-ant-ort": _kind("OAuth refresh token"),
    "sk-ant-sid": _kind("session key"),
    "hf_oauth_": _kind("OAuth token"),
    "hf_jwt_": _kind("JWT"),
    "hf_": _kind("user access token"),
    "api_org_": _kind("organization token"),
    # HashiCorp, "Vault tokens".
    "hvs.": _kind("service token"),
    "hvb.": _kind("batch token"),
    "hvr.": _kind("recovery token"),
    # DigitalOcean, "Token prefixes".
    "dop_v1_": _kind("personal access token"),
    "doo_v1_": _kind("OAuth token"),
    "dor_v1_": _kind("OAuth refresh token"),
    # Grafana, Sentry, SonarQube, New Relic: their token references.
    "glsa_": _kind("service account token"),
    "glc_": _kind("cloud access policy token"),
    "sntryu_": _kind("user token"),
    "sntrys_": _kind("organization token"),
    "sqp_": _kind("project analysis token"),
    "squ_": _kind("user token"),
    "sqa_": _kind("global analysis token"),
    "NRAK-": _kind("user key"),
    "NRAA-": _kind("admin key"),
    "NRRA-": _kind("REST API key"),
    "NRII-": _kind("insights insert key"),
    # Linear, Figma, Postman, Databricks, Supabase, Atlassian.
    "lin_api_": _kind("personal API key"),
    "lin_oauth_": _kind("OAuth access token"),
    "lin_wh_": _kind("webhook secret"),
    "figd_": _kind("personal access token"),
    "PMAK-": _kind("API key"),
    "PMAT-": _kind("collection access token"),
    "dapi": _kind("personal access token"),
    "dose": _kind("OAuth secret of a service principal"),
    "sbp_": _kind("personal access token"),
    "ATATT3": _kind("user API token"),
    "ATSTT3": _kind("service account token"),
    "ATCTT3": _kind("access token of an app or a repository"),
    # Payments: the providers' references on test and live keys.
    "rzp_live_": _kind("API key", "live"),
    "rzp_test_": _kind("API key", "test"),
    "EZAK": _kind("API key", "live"),
    "EZTK": _kind("API key", "test"),
    "shippo_live_": _kind("API token", "live"),
    "shippo_test_": _kind("API token", "test"),
    "duffel_live_": _kind("access token", "live"),
    "duffel_test_": _kind("access token", "test"),
    "FLWSECK_TEST": _kind("secret key", "test"),
    "FLWSECK-": _kind("secret key", "live"),
    # Vercel, "New token formats and secret scanning"; Netlify; crates.io; LangSmith; LaunchDarkly.
    "vcp_": _kind("personal access token"),
    "vci_": _kind("integration token"),
    "vca_": _kind("app access token"),
    "vcr_": _kind("app refresh token"),
    "vck_": _kind("AI gateway key"),
    "nfp_": _kind("personal access token"),
    "cio_tp_": _kind("trusted publishing token"),
    "cio": _kind("API token"),
    "lsv2_pt_": _kind("personal token"),
    "lsv2_sk_": _kind("service key"),
    # PlanetScale, "Service tokens" and "Connection strings"; Fly.io; Pulumi; Prefect; Buildkite; CircleCI; Heroku.
    "pscale_pw_": _kind("database password"),
    "pscale_tkn_": _kind("service token"),
    "pscale_oauth_": _kind("OAuth token"),
    "fo1_": _kind("personal access token"),
    "pul-": _kind("access token"),
    "pnu_": _kind("user API key"),
    "pnb_": _kind("service account API key"),
    "bkua_": _kind("user API access token"),
    "bkct_": _kind("cluster token"),
    "bkaj_": _kind("job token"),
    "CCIPAT_": _kind("personal API token"),
    "CCIPRJ_": _kind("project API token"),
    "HRKU-": _kind("API token"),
    # MongoDB Atlas, "Service accounts"; Contentful; Notion; Dropbox; Typeform; Snyk.
    "mdb_sa_sk_": _kind("service account secret"),
    "CFPAT-": _kind("personal access token"),
    "ntn_": _kind("integration token"),
    "sl.": _kind("short-lived access token"),
    "tfp_": _kind("personal token"),
    "snyk_uat.": _kind("user API token"),
    "snyk_sat.": _kind("service account token"),
    # Cloudflare, "Token formats".
    "cfk_": _kind("global API key"),
    "cfut_": _kind("user API token"),
    "cfat_": _kind("account API token"),
    # Google: `client_secret` of the console, keys of the API console, OAuth tokens.
    "GOCSPX-": _kind("OAuth client secret"),
    "AIza": _kind("API key"),
    "ya29.": _kind("OAuth access token"),
    "1//0": _kind("OAuth refresh token"),
}
KINDS: tuple[tuple[bytes, tuple[Fact, ...]], ...] = tuple(
    (prefix.encode(), facts) for prefix, facts in sorted(_TABLE.items(), key=lambda item: -len(item[0]))
)
"""Longest prefix first: the first that fits says most."""
