/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the plan of a walk: which objects are wanted, which others they need, and where the forest is cut into tasks.
 *
 * Each object's deltas are walked with the heaviest last, and the object is let go before that one: what must be kept
 * at any time is then at most the logarithm of the number of objects, however deep the chains are.
 *
 * Large trees are cut, so that workers share them. A cut node's bytes are written out again from its chain and count
 * as new in whole: that is exact, needs nothing of another worker's results, and costs a few objects a task. Where to
 * cut depends on the packs alone, so results do not depend on the number of workers.
 */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

#define TASKS_AT_LEAST 64
#define TASK_BYTES_AT_LEAST (256 * 1024)
#define SMALL_TASK (32 * 1024)
/* What an object costs beside its bytes in the pack. */
#define OBJECT_COST 256

typedef struct {
    uint64_t weight;
    uint32_t node;
} Task;

static void select_wanted(Plan *plan)
{
    const PackSet *set = plan->set;
    const Selection *selection = &plan->selection;
    if (selection->wanted == NULL) {
        memset(plan->flags, NODE_SELECTED, set->node_count);
        return;
    }
    for (size_t i = 0; i < selection->wanted_count; i++) {
        uint32_t node = packset_find(set, selection->wanted + i * set->hash_size);
        if (node != NO_NODE)
            plan->flags[node] |= NODE_SELECTED;
    }
}

/* Keep the selected nodes that can be walked; report those that cannot. */
static bool drop_unreadable(Plan *plan)
{
    const PackSet *set = plan->set;
    for (uint32_t node = 0; node < set->node_count; node++) {
        if (!(plan->flags[node] & NODE_SELECTED))
            continue;
        bool is_kind = set->kinds[node] == KIND_NONE || plan->selection.kinds >> set->kinds[node] & 1;
        if (set->reasons[node] != REASON_NONE && is_kind && !set->is_duplicate[node]) {
            Skip *skip = vector_add(&plan->skips, sizeof *skip);
            if (skip == NULL)
                return false;
            *skip = (Skip){.node = node, .reason = set->reasons[node]};
        }
        if (!is_kind || set->reasons[node] != REASON_NONE || set->is_duplicate[node])
            plan->flags[node] &= (uint8_t)~NODE_SELECTED;
    }
    return true;
}

static uint64_t cost_of(const PackSet *set, uint32_t node)
{
    uint64_t offset;
    return packset_extent(set, node, &offset) + OBJECT_COST;
}

/* The weight at which a subtree becomes a task of its own. */
static uint64_t task_weight(const Plan *plan)
{
    uint64_t total = 0;
    for (uint32_t node = 0; node < plan->set->node_count; node++)
        if (plan->flags[node] & NODE_SELECTED)
            total += cost_of(plan->set, node);
    uint64_t share = total / TASKS_AT_LEAST;
    return share > TASK_BYTES_AT_LEAST ? share : TASK_BYTES_AT_LEAST;
}

static bool add_task(Vector *tasks, uint32_t node, uint64_t weight)
{
    Task *task = vector_add(tasks, sizeof *task);
    if (task != NULL)
        *task = (Task){.weight = weight, .node = node};
    return task != NULL;
}

/* From the leaves up: what is needed, how heavy it is, which child is heaviest, and where a task begins. */
static bool weigh(Plan *plan, uint64_t *weights, Vector *tasks)
{
    const PackSet *set = plan->set;
    uint64_t limit = task_weight(plan);
    for (uint32_t i = set->order_count; i-- > 0;) {
        uint32_t node = set->order[i], base = set->bases[node];
        if (!(plan->flags[node] & (NODE_SELECTED | NODE_NEEDED)))
            continue;
        plan->flags[node] |= NODE_NEEDED;
        weights[node] += cost_of(set, node);
        if (base == NO_NODE || weights[node] > limit) {
            plan->flags[node] |= NODE_CUT;
            if (!add_task(tasks, node, weights[node]))
                return false;
            continue;
        }
        plan->flags[base] |= NODE_NEEDED;
        if (plan->heavy[base] == NO_NODE || weights[node] > weights[plan->heavy[base]])
            plan->heavy[base] = node;
        weights[base] += weights[node];
    }
    return true;
}

static uint64_t rank(const Task *task)
{
    return task->weight < SMALL_TASK ? 0 : task->weight;
}

/* Biggest first, so that no worker is left with a big one at the end; small ones as they stand in the pack. */
static int compare_tasks(const void *left, const void *right)
{
    const Task *a = left, *b = right;
    if (rank(a) != rank(b))
        return rank(a) < rank(b) ? 1 : -1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static bool hand_out(Plan *plan, Vector *tasks)
{
    if (tasks->count > 0)
        qsort(tasks->items, tasks->count, sizeof(Task), compare_tasks);
    for (size_t i = 0; i < tasks->count; i++) {
        uint32_t *node = vector_add(&plan->tasks, sizeof *node);
        if (node == NULL)
            return false;
        *node = VECTOR_AT(tasks, Task, i)->node;
    }
    return true;
}

Reason plan_make(Plan *plan, const PackSet *set, const Selection *selection)
{
    *plan = (Plan){.set = set, .selection = *selection};
    size_t count = (size_t)set->node_count + 1;
    plan->flags = calloc(count, 1);
    plan->heavy = malloc(count * sizeof *plan->heavy);
    uint64_t *weights = calloc(count, sizeof *weights);
    Vector tasks = {0};
    bool is_done = plan->flags != NULL && plan->heavy != NULL && weights != NULL;
    if (is_done) {
        memset(plan->heavy, 0xff, count * sizeof *plan->heavy);
        select_wanted(plan);
        is_done = drop_unreadable(plan) && weigh(plan, weights, &tasks) &&
                  hand_out(plan, &tasks);
    }
    free(weights);
    vector_free(&tasks);
    if (!is_done)
        plan_free(plan);
    return is_done ? REASON_NONE : REASON_NO_MEMORY;
}

void plan_free(Plan *plan)
{
    free(plan->flags);
    free(plan->heavy);
    vector_free(&plan->tasks);
    vector_free(&plan->skips);
    plan->flags = NULL;
    plan->heavy = NULL;
}
