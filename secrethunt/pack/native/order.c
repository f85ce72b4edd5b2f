/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the order of commits: parents before children, what a ref reaches first. */
#include <stdlib.h>
#include <string.h>

#include "history.h"

/* Places by rank: a binary heap, the smallest rank on top. */
typedef struct {
    uint32_t *ranks;
    size_t count;
} Heap;

static void heap_push(Heap *heap, uint32_t rank)
{
    size_t at = heap->count++;
    for (; at > 0 && heap->ranks[(at - 1) / 2] > rank; at = (at - 1) / 2)
        heap->ranks[at] = heap->ranks[(at - 1) / 2];
    heap->ranks[at] = rank;
}

static uint32_t heap_pop(Heap *heap)
{
    uint32_t top = heap->ranks[0], last = heap->ranks[--heap->count];
    size_t at = 0;
    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        child += child + 1 < heap->count && heap->ranks[child + 1] < heap->ranks[child];
        if (heap->ranks[child] >= last)
            break;
        heap->ranks[at] = heap->ranks[child];
        at = child;
    }
    heap->ranks[at] = last;
    return top;
}

/* What the ordering works on; all arrays have one item a commit. */
typedef struct {
    const CommitColumns *commits;
    uint8_t *is_reachable;
    uint32_t *wanted; /* commits as they would stand if ancestry did not matter */
    uint32_t *ranks;  /* the inverse */
    uint32_t *open;   /* parents not placed yet */
    uint32_t *child_starts, *children;
    uint32_t *waiting; /* a stack, then the heap */
} Ordering;

static bool ordering_init(Ordering *ordering, const CommitColumns *commits)
{
    size_t count = (size_t)commits->count + 2, links = (size_t)commits->parent_starts[commits->count] + 1;
    *ordering = (Ordering){
        .commits = commits,
        .is_reachable = calloc(count, 1),
        .wanted = malloc(count * sizeof(uint32_t)),
        .ranks = malloc(count * sizeof(uint32_t)),
        .open = calloc(count, sizeof(uint32_t)),
        .child_starts = calloc(count, sizeof(uint32_t)),
        .children = malloc(links * sizeof(uint32_t)),
        .waiting = malloc(count * sizeof(uint32_t)),
    };
    return ordering->is_reachable != NULL && ordering->wanted != NULL && ordering->ranks != NULL &&
           ordering->open != NULL && ordering->child_starts != NULL && ordering->children != NULL &&
           ordering->waiting != NULL;
}

static void ordering_free(Ordering *ordering)
{
    free(ordering->is_reachable);
    free(ordering->wanted);
    free(ordering->ranks);
    free(ordering->open);
    free(ordering->child_starts);
    free(ordering->children);
    free(ordering->waiting);
}

static void reach(Ordering *ordering, uint32_t commit, size_t *waiting)
{
    if (commit >= ordering->commits->count || ordering->is_reachable[commit])
        return;
    ordering->is_reachable[commit] = 1;
    ordering->waiting[(*waiting)++] = commit;
}

static uint32_t mark_reachable(Ordering *ordering, const uint32_t *tips, size_t tip_count)
{
    const CommitColumns *commits = ordering->commits;
    size_t waiting = 0;
    uint32_t reached = 0;
    for (size_t i = 0; i < tip_count; i++)
        reach(ordering, tips[i], &waiting);
    while (waiting > 0) {
        uint32_t commit = ordering->waiting[--waiting];
        reached++;
        for (uint32_t i = commits->parent_starts[commit]; i < commits->parent_starts[commit + 1]; i++)
            reach(ordering, commits->parents[i], &waiting);
    }
    return reached;
}

static int compare_commits(const void *left, const void *right, void *context)
{
    const Ordering *ordering = context;
    const CommitColumns *commits = ordering->commits;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (ordering->is_reachable[a] != ordering->is_reachable[b])
        return ordering->is_reachable[a] ? -1 : 1;
    if (commits->times[a] != commits->times[b])
        return commits->times[a] < commits->times[b] ? -1 : 1;
    size_t size = commits->hash_size;
    return memcmp(commits->ids + a * size, commits->ids + b * size, size);
}

/* Bottom-up merge sort: qsort has no context on every system. */
static void sort_commits(Ordering *ordering)
{
    uint32_t *from = ordering->wanted, *to = ordering->ranks;
    size_t count = ordering->commits->count;
    for (size_t i = 0; i < count; i++)
        from[i] = (uint32_t)i;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = middle + width < count ? middle + width : count;
            size_t left = start, right = middle;
            for (size_t i = start; i < end; i++) {
                bool takes_left = right >= end || (left < middle && compare_commits(&from[left], &from[right], ordering) <= 0);
                to[i] = takes_left ? from[left++] : from[right++];
            }
        }
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    ordering->wanted = from;
    ordering->ranks = to;
    for (size_t i = 0; i < count; i++)
        ordering->ranks[ordering->wanted[i]] = (uint32_t)i;
}

static void link_children(Ordering *ordering)
{
    const CommitColumns *commits = ordering->commits;
    uint32_t *starts = ordering->child_starts;
    for (uint32_t commit = 0; commit < commits->count; commit++)
        for (uint32_t i = commits->parent_starts[commit]; i < commits->parent_starts[commit + 1]; i++)
            if (commits->parents[i] < commits->count) {
                ordering->open[commit]++;
                starts[commits->parents[i] + 1]++;
            }
    for (uint32_t commit = 0; commit < commits->count; commit++)
        starts[commit + 1] += starts[commit];
    /* Each start moves to its own end while its children are filled in, which is where the next one begins. */
    for (uint32_t commit = commits->count; commit > 0; commit--)
        starts[commit] = starts[commit - 1];
    for (uint32_t commit = 0; commit < commits->count; commit++)
        for (uint32_t i = commits->parent_starts[commit]; i < commits->parent_starts[commit + 1]; i++)
            if (commits->parents[i] < commits->count)
                ordering->children[starts[commits->parents[i] + 1]++] = commit;
}

static void place_commits(Ordering *ordering, uint32_t reachable, uint32_t *order)
{
    uint32_t count = ordering->commits->count;
    Heap ready = {.ranks = ordering->waiting};
    for (uint32_t commit = 0; commit < count; commit++)
        if (ordering->open[commit] == 0)
            heap_push(&ready, ordering->ranks[commit]);
    for (uint32_t placed = 0, in_cycle = 0; placed < count; placed++) {
        uint32_t commit;
        if (ready.count == 0 || (placed < reachable && ready.ranks[0] >= reachable)) {
            /* Only a forged pack holds commits that descend from each other; the first does without its parents. */
            while (ordering->open[ordering->wanted[in_cycle]] == 0)
                in_cycle++;
            commit = ordering->wanted[in_cycle];
            ordering->open[commit] = 0;
        } else {
            commit = ordering->wanted[heap_pop(&ready)];
        }
        order[placed] = commit;
        for (uint32_t i = ordering->child_starts[commit]; i < ordering->child_starts[commit + 1]; i++) {
            uint32_t child = ordering->children[i];
            if (ordering->open[child] > 0 && --ordering->open[child] == 0)
                heap_push(&ready, ordering->ranks[child]);
        }
    }
}

/* The parents of each commit in its place, as places; those that stand behind it (in a cycle) are left out. */
static bool list_parents(const CommitColumns *commits, CommitOrder *result)
{
    const uint32_t *order = result->order.items;
    uint32_t *places = malloc(((size_t)commits->count + 1) * sizeof *places);
    bool is_done = places != NULL && vector_reserve(&result->starts, (size_t)commits->count + 1, sizeof *places) &&
                   vector_reserve(&result->parents, commits->parent_starts[commits->count], sizeof *places);
    if (is_done) {
        uint32_t *starts = result->starts.items, *parents = result->parents.items;
        for (uint32_t place = 0; place < commits->count; place++)
            places[order[place]] = place;
        starts[0] = 0;
        for (uint32_t place = 0; place < commits->count; place++) {
            uint32_t commit = order[place];
            for (uint32_t i = commits->parent_starts[commit]; i < commits->parent_starts[commit + 1]; i++)
                if (commits->parents[i] < commits->count && places[commits->parents[i]] < place)
                    parents[result->parents.count++] = places[commits->parents[i]];
            starts[place + 1] = (uint32_t)result->parents.count;
        }
        result->starts.count = (size_t)commits->count + 1;
    }
    free(places);
    return is_done;
}

Reason commits_order(const CommitColumns *commits, const uint32_t *tips, size_t tip_count, CommitOrder *result)
{
    Ordering ordering;
    *result = (CommitOrder){0};
    bool is_done = ordering_init(&ordering, commits) && vector_reserve(&result->order, commits->count, sizeof(uint32_t));
    if (is_done) {
        result->order.count = commits->count;
        result->reachable = mark_reachable(&ordering, tips, tip_count);
        sort_commits(&ordering);
        link_children(&ordering);
        place_commits(&ordering, result->reachable, result->order.items);
    }
    ordering_free(&ordering);
    return is_done && list_parents(commits, result) ? REASON_NONE : REASON_NO_MEMORY;
}

void order_free(CommitOrder *result)
{
    vector_free(&result->order);
    vector_free(&result->starts);
    vector_free(&result->parents);
}
