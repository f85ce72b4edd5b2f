-- SPDX-License-Identifier: Apache-2.0
-- Schema 1 of the store. A new file is made from this; `migrations/` leads older files here.
-- No column holds a secret's value, nor anything a value could be guessed from other than `secret_id`
-- (docs/identity.md). Closed sets are checked with OR: SQLite builds a table for each IN, for each row it inserts,
-- which takes twice as long as the rest of loading an edge. Times are RFC 3339 in UTC, empty where not known.

CREATE TABLE runs (  -- everything that wrote here, in order
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL  -- what kind of work
        CHECK (kind = 'scan' OR kind = 'import' OR kind = 'identify' OR kind = 'join'),
    importer TEXT NOT NULL DEFAULT '',  -- name of the importer; empty for other kinds
    origin TEXT NOT NULL,  -- file, target or provider it read: a later run with the same one replaces what it said
    as_of TEXT NOT NULL DEFAULT '',  -- when what it read was written
    started TEXT NOT NULL,  -- when it began
    finished TEXT NOT NULL DEFAULT '',  -- empty while it runs, and for ever where it was cut off
    nodes INTEGER NOT NULL DEFAULT 0 CHECK (nodes >= 0),  -- nodes it told of
    edges INTEGER NOT NULL DEFAULT 0 CHECK (edges >= 0),  -- edges it told of
    unread INTEGER NOT NULL DEFAULT 0 CHECK (unread >= 0)  -- things it could not use
) STRICT;
CREATE INDEX runs_by_origin ON runs (origin, kind, importer);

CREATE TABLE keys (  -- keys of nodes by number: edges may lead to what nobody described
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE CHECK (key <> '')  -- as in docs/identity.md
) STRICT;

CREATE TABLE nodes (  -- what is known of a node in one way; read together, the most trusted way wins
    id INTEGER NOT NULL REFERENCES keys (id),
    known TEXT NOT NULL  -- how it is known
        CHECK (known = 'live' OR known = 'inventory' OR known = 'code' OR known = 'offline'),
    kind TEXT NOT NULL CHECK (
        kind = 'credential' OR kind = 'location' OR kind = 'identity' OR kind = 'owner' OR kind = 'group' OR
        kind = 'role' OR kind = 'policy' OR kind = 'resource' OR kind = 'secret-store' OR kind = 'workload' OR
        kind = 'trust-provider' OR kind = 'repository' OR kind = 'pipeline' OR kind = 'account' OR
        kind = 'environment' OR kind = 'vendor'),  -- what it stands for
    provider TEXT NOT NULL,  -- whose thing it is: `aws`, `github`; empty for places and owners
    name TEXT NOT NULL,  -- what a person calls it
    account INTEGER REFERENCES keys (id),  -- the account node it is in
    properties TEXT NOT NULL CHECK (json_valid(properties)),  -- an object, never with a secret
    seen_at TEXT NOT NULL DEFAULT '',  -- when it was so
    run INTEGER NOT NULL REFERENCES runs (id),  -- the last run that told of it
    UNIQUE (id, known)
) STRICT;
CREATE INDEX nodes_by_kind ON nodes (kind, provider);
CREATE INDEX nodes_by_account ON nodes (account, kind);

CREATE TABLE edges (  -- relations that were observed; what follows from them is never stored
    source INTEGER NOT NULL REFERENCES keys (id),
    kind TEXT NOT NULL CHECK (  -- read from source to target
        kind = 'FOUND_IN' OR kind = 'AUTHENTICATES_AS' OR kind = 'OWNED_BY' OR kind = 'MEMBER_OF' OR
        kind = 'HAS_GRANT' OR kind = 'BOUNDED_BY' OR kind = 'TRUSTS' OR kind = 'CAN_ASSUME' OR
        kind = 'CAN_MINT_KEY_FOR' OR kind = 'CAN_CHANGE_POLICY_OF' OR kind = 'CAN_PASS_TO' OR kind = 'RUNS_AS' OR
        kind = 'CAN_ACCESS' OR kind = 'STORES' OR kind = 'DEPLOYS' OR kind = 'IN_ACCOUNT' OR
        kind = 'IN_ENVIRONMENT' OR kind = 'ISSUED_BY' OR kind = 'DUPLICATE_OF' OR kind = 'REPLACED_BY'),
    target INTEGER NOT NULL REFERENCES keys (id),
    evidence TEXT NOT NULL DEFAULT '',  -- enough to check it by hand; two pieces of evidence are two edges
    status TEXT NOT NULL CHECK (
        status = 'confirmed' OR status = 'conditional' OR status = 'potential' OR status = 'blocked' OR
        status = 'unknown'),  -- how sure
    known TEXT NOT NULL  -- how it is known
        CHECK (known = 'live' OR known = 'inventory' OR known = 'code' OR known = 'offline'),
    detail TEXT NOT NULL DEFAULT '',  -- what the status hangs on
    access INTEGER CHECK (access BETWEEN 0 AND 4),  -- list, read, write, secret-read, admin
    actions TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(actions)),  -- the provider's names of what is allowed
    weight REAL CHECK (weight BETWEEN 0 AND 1),  -- instead of the weight of kind and status
    seen_at TEXT NOT NULL DEFAULT '',  -- when it was so
    run INTEGER NOT NULL REFERENCES runs (id),  -- the last run that told of it
    PRIMARY KEY (source, kind, target, evidence)
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_by_target ON edges (target, kind);

CREATE TABLE aliases (  -- by what else than its key a credential or identity is recognised
    clue TEXT NOT NULL CHECK (
        clue = 'key-id' OR clue = 'private-key-id' OR clue = 'token-hash' OR clue = 'claim' OR
        clue = 'fingerprint' OR clue = 'name'),
    value TEXT NOT NULL,  -- as `identity/clues.py` normalises it
    node INTEGER NOT NULL REFERENCES keys (id),
    PRIMARY KEY (clue, value, node)
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (  -- one secret in one place of one path
    finding_id TEXT PRIMARY KEY CHECK (length(finding_id) = 32),  -- stable: docs/design.md
    secret_id TEXT NOT NULL CHECK (length(secret_id) = 32),  -- the same for the same credential everywhere
    rule_id TEXT NOT NULL,
    rule_name TEXT NOT NULL,
    provider TEXT NOT NULL,
    nhi TEXT NOT NULL,  -- kind of identity that the credential unlocks
    severity TEXT NOT NULL CHECK (
        severity = 'info' OR severity = 'low' OR severity = 'medium' OR severity = 'high' OR severity = 'critical'),
    confidence TEXT NOT NULL CHECK (confidence = 'low' OR confidence = 'medium' OR confidence = 'high'),
    repository TEXT NOT NULL,  -- name of the target that was scanned
    path TEXT NOT NULL,  -- decoded with backslashes, secrets in it masked
    line INTEGER NOT NULL,  -- 1-based, where it stands now or stood last
    "column" INTEGER NOT NULL,
    kind TEXT NOT NULL,  -- file, staged, stream, history, commit, tag
    at_head INTEGER NOT NULL CHECK (at_head IN (0, 1)),  -- stands in the HEAD commit
    in_worktree INTEGER NOT NULL CHECK (in_worktree IN (0, 1)),  -- stands on disk, in the index or the stream
    reachable INTEGER NOT NULL CHECK (reachable IN (0, 1)),  -- some ref reaches a commit that holds it
    first_commit TEXT NOT NULL DEFAULT '',  -- introduced by
    first_author TEXT NOT NULL DEFAULT '',
    first_email TEXT NOT NULL DEFAULT '',
    first_date TEXT NOT NULL DEFAULT '',  -- author's own offset
    last_commit TEXT NOT NULL DEFAULT '',
    last_date TEXT NOT NULL DEFAULT '',
    facts TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(facts)),  -- [name, value] pairs that the secret says of itself
    first_run INTEGER NOT NULL REFERENCES runs (id),  -- the scan that found it first
    last_run INTEGER NOT NULL REFERENCES runs (id)  -- the last scan that found it
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_by_secret ON findings (secret_id);
CREATE INDEX findings_by_repository ON findings (repository);

CREATE TABLE occurrences (  -- one span of a finding in one blob
    finding_id TEXT NOT NULL REFERENCES findings (finding_id) ON DELETE CASCADE,
    blob TEXT NOT NULL,  -- git object id, of plain files too
    start INTEGER NOT NULL CHECK (start >= 0),  -- byte offset in the blob
    "end" INTEGER NOT NULL CHECK ("end" >= start),  -- exclusive
    decode TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(decode)),  -- what was undone on the way, outermost first
    line INTEGER NOT NULL,
    "column" INTEGER NOT NULL,
    kind TEXT NOT NULL,
    first_commit TEXT NOT NULL DEFAULT '',
    last_commit TEXT NOT NULL DEFAULT '',
    at_head INTEGER NOT NULL CHECK (at_head IN (0, 1)),
    reachable INTEGER NOT NULL CHECK (reachable IN (0, 1)),
    PRIMARY KEY (finding_id, blob, start, "end", decode)
) STRICT, WITHOUT ROWID;

CREATE TABLE verdicts (  -- what was found out about a credential, each time
    secret_id TEXT NOT NULL CHECK (length(secret_id) = 32),
    checked_at TEXT NOT NULL,  -- when it was asked
    state TEXT NOT NULL CHECK (state = 'active' OR state = 'inactive' OR state = 'unknown'),
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(evidence)),  -- [endpoint, status, marker] each
    facts TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(facts)),  -- [name, value] pairs that the provider says
    run INTEGER NOT NULL REFERENCES runs (id),
    PRIMARY KEY (secret_id, checked_at, state)
) STRICT, WITHOUT ROWID;

CREATE VIEW graph AS  -- edges with their keys, for whoever reads the file with SQL
SELECT s.key AS source, e.kind, t.key AS target, e.status, e.known, e.detail, e.access, e.actions, e.weight,
    e.evidence, e.seen_at, e.run
FROM edges e JOIN keys s ON s.id = e.source JOIN keys t ON t.id = e.target;
