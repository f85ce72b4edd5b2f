/* SPDX-License-Identifier: Apache-2.0 */
/* What provenance needs: all commits as columns, and the trees above given blobs. */
#ifndef SECRETHUNT_PACK_HISTORY_H
#define SECRETHUNT_PACK_HISTORY_H

#include "pack.h"

#define NO_RECORD UINT32_MAX

/* --- commits (commits.c) ----------------------------------------------------------------------------------------- */

typedef struct {
    Vector nodes;         /* uint32_t, one a commit */
    Vector trees;         /* hash_size bytes each */
    Vector parent_starts; /* uint32_t, one a commit and one more */
    Vector parents;       /* uint32_t: a commit's number, or their count + a number in `outside` */
    Vector times;         /* int64_t, the committer's */
    Vector outside;       /* hash_size bytes each: parents that no pack holds */
    Vector skips;         /* Skip */
} CommitTable;

Reason commits_collect(const PackSet *set, CommitTable *table);
void commits_free(CommitTable *table);

/* --- their order (order.c) ------------------------------------------------------------------------------- */

/* Columns of a CommitTable, wherever they came from. Parents from `count` on are outside. */
typedef struct {
    uint32_t count;
    unsigned hash_size;
    const uint8_t *ids;
    const uint32_t *parent_starts, *parents;
    const int64_t *times;
} CommitColumns;

typedef struct {
    Vector order;           /* uint32_t: the commit in each place */
    Vector starts, parents; /* uint32_t: places of the parents of the commit in each place */
    uint32_t reachable;     /* so many, from the first on, are reached by a tip */
} CommitOrder;

/* Parents before children; what a tip reaches first, then by time, then by id. */
Reason commits_order(const CommitColumns *commits, const uint32_t *tips, size_t tip_count, CommitOrder *result);
void order_free(CommitOrder *result);

/* --- trees (trees.c, closure.c) ------------------------------------------------------------------------- */

/* A tree object as entries taken over from its base, in runs, and new ones. */
typedef struct {
    uint32_t node;   /* NO_NODE: one of the trees that the caller brought */
    uint32_t extra;  /* its number among those */
    uint32_t parent; /* record of the base, or NO_RECORD */
    uint32_t first_run, run_count;
    uint32_t first_entry, entry_count;
} TreeRecord;

typedef struct {
    uint32_t index; /* place in its tree */
    uint32_t label; /* "mode name" */
    uint32_t child; /* what it leads to: set by the closure */
    bool is_tree;
} TreeEntry;

typedef struct {
    uint32_t start, length;
} Label;

/* A tree object that is in no pack. */
typedef struct {
    const uint8_t *id, *data;
    size_t size;
} ExtraTree;

typedef struct {
    const PackSet *set;
    const ExtraTree *extras;
    Vector records;   /* TreeRecord; bases before what stands on them */
    Vector runs;      /* Region, counting entries instead of bytes */
    Vector entries;   /* TreeEntry */
    Vector entry_ids; /* hash_size bytes each */
    Vector labels, label_bytes;
    HashIndex label_index;
    Vector skips; /* Skip; a node from node_count on is an extra tree */
} TreeTable;

Reason trees_collect(TreeTable *table, const PackSet *set, const ExtraTree *extras, size_t extra_count);
void trees_free(TreeTable *table);
const uint8_t *tree_record_id(const TreeTable *table, uint32_t record);

/* One entry of a signature: leads to a target, or to another signature. Without padding: rows are compared as bytes. */
typedef struct {
    uint32_t label, value, is_target;
} SignatureRow;

typedef struct {
    uint32_t first_row, row_count;
} Signature;

typedef struct {
    uint32_t record, signature;
} ClosedTree;

/* The trees from which a target can be reached. Trees with the same way to the same targets share a signature. */
typedef struct {
    Vector trees;      /* ClosedTree, by id */
    Vector signatures; /* Signature; those they lead to come first */
    Vector rows;       /* SignatureRow */
} Closure;

Reason closure_find(Closure *closure, TreeTable *table, const uint8_t *targets, size_t target_count);
void closure_free(Closure *closure);

#endif
