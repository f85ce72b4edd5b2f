/* SPDX-License-Identifier: Apache-2.0 */
/* Owns handing commits and trees to Python: columns as bytes, in the machine's own byte order. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "history.h"

static PyObject *column(const Vector *vector, size_t item)
{
    return PyBytes_FromStringAndSize(vector->count > 0 ? vector->items : "", (Py_ssize_t)(vector->count * item));
}

static PyObject *ids_of(const PackSet *set, const Vector *nodes)
{
    PyObject *ids = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(nodes->count * set->hash_size));
    char *next = ids != NULL ? PyBytes_AsString(ids) : NULL;
    for (size_t i = 0; next != NULL && i < nodes->count; i++)
        memcpy(next + i * set->hash_size, packset_id(set, *VECTOR_AT(nodes, uint32_t, i)), set->hash_size);
    return ids;
}

PyObject *packs_commits(PyObject *object, PyObject *unused)
{
    (void)unused;
    const PackSet *set = &((PacksObject *)object)->set;
    CommitTable table;
    Reason reason;
    Py_BEGIN_ALLOW_THREADS
    reason = commits_collect(set, &table);
    Py_END_ALLOW_THREADS
    PyObject *result = NULL;
    if (reason != REASON_NONE)
        raise_reason(object, reason, "", 0);
    else
        result = Py_BuildValue("NNNNNNN", ids_of(set, &table.nodes), column(&table.trees, 1),
                               column(&table.parent_starts, sizeof(uint32_t)), column(&table.parents, sizeof(uint32_t)),
                               column(&table.times, sizeof(int64_t)), column(&table.outside, 1),
                               list_skips(set, &table.skips));
    commits_free(&table);
    return result;
}

/* --- the order of commits -------------------------------------------------------------------------------------- */

enum { IDS, STARTS, PARENTS, TIMES, TIPS, COLUMN_COUNT };

/* A buffer of numbers may begin anywhere; the copy is aligned. */
static void *copy_column(const Py_buffer *buffer)
{
    void *copy = PyMem_Malloc((size_t)buffer->len + 8);
    if (copy == NULL)
        return PyErr_NoMemory();
    memcpy(copy, buffer->buf, (size_t)buffer->len);
    return copy;
}

static bool are_columns(const Py_buffer *buffers, unsigned hash_size)
{
    static const size_t sizes[COLUMN_COUNT] = {1, 4, 4, 8, 4};
    for (int i = 0; i < COLUMN_COUNT; i++)
        if ((size_t)buffers[i].len % sizes[i] != 0)
            return false;
    size_t count = (size_t)buffers[TIMES].len / 8;
    return hash_size > 0 && hash_size <= MAX_HASH && count < NO_NODE &&
           (size_t)buffers[IDS].len == count * hash_size && (size_t)buffers[STARTS].len == (count + 1) * 4;
}

static bool are_starts(const CommitColumns *commits, size_t parent_count)
{
    for (uint32_t i = 0; i < commits->count; i++)
        if (commits->parent_starts[i] > commits->parent_starts[i + 1])
            return false;
    return commits->parent_starts[0] == 0 && commits->parent_starts[commits->count] == parent_count;
}

static PyObject *order_columns(const Py_buffer *buffers, void *const *columns, unsigned hash_size)
{
    CommitColumns commits = {
        .count = (uint32_t)(buffers[TIMES].len / 8),
        .hash_size = hash_size,
        .ids = columns[IDS],
        .parent_starts = columns[STARTS],
        .parents = columns[PARENTS],
        .times = columns[TIMES],
    };
    if (!are_starts(&commits, (size_t)buffers[PARENTS].len / 4)) {
        PyErr_SetString(PyExc_ValueError, "parent_starts do not fit the parents");
        return NULL;
    }
    CommitOrder order;
    Reason reason;
    Py_BEGIN_ALLOW_THREADS
    reason = commits_order(&commits, columns[TIPS], (size_t)buffers[TIPS].len / 4, &order);
    Py_END_ALLOW_THREADS
    PyObject *result = NULL;
    if (reason != REASON_NONE)
        PyErr_NoMemory();
    else
        result = Py_BuildValue("NNNI", column(&order.order, 4), column(&order.starts, 4), column(&order.parents, 4),
                               (unsigned int)order.reachable);
    order_free(&order);
    return result;
}

PyObject *module_order_commits(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer buffers[COLUMN_COUNT] = {{0}};
    void *columns[COLUMN_COUNT] = {0};
    unsigned int hash_size;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*Iy*y*y*y*:order_commits", &buffers[IDS], &hash_size, &buffers[STARTS],
                          &buffers[PARENTS], &buffers[TIMES], &buffers[TIPS]))
        return NULL;
    bool is_valid = are_columns(buffers, hash_size);
    if (!is_valid)
        PyErr_SetString(PyExc_ValueError, "the columns do not fit each other");
    for (int i = 0; i < COLUMN_COUNT && is_valid; i++)
        is_valid = (columns[i] = copy_column(&buffers[i])) != NULL;
    if (is_valid)
        result = order_columns(buffers, columns, hash_size);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        PyMem_Free(columns[i]);
        PyBuffer_Release(&buffers[i]);
    }
    return result;
}

/* --- trees ----------------------------------------------------------------------------------------------------- */

/* The caller's arguments: ids to look for, and trees that are in no pack. */
typedef struct {
    Py_buffer targets;
    PyObject *extras; /* keeps what the pointers below point into */
    ExtraTree *trees;
    size_t target_count, tree_count;
} Query;

static int parse_extra(PyObject *row, unsigned hash_size, ExtraTree *tree)
{
    const char *id, *data;
    Py_ssize_t id_length, length;
    if (!PyTuple_Check(row)) {
        PyErr_SetString(PyExc_TypeError, "an extra tree is a tuple (id, contents)");
        return -1;
    }
    if (!PyArg_ParseTuple(row, "y#y#:extra", &id, &id_length, &data, &length))
        return -1;
    if ((size_t)id_length != hash_size || length > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "an id has hash_size bytes");
        return -1;
    }
    *tree = (ExtraTree){.id = (const uint8_t *)id, .data = (const uint8_t *)data, .size = (size_t)length};
    return 0;
}

static int parse_query(Query *query, PyObject *args, PyObject *keywords, unsigned hash_size)
{
    static char *names[] = {"targets", "extra", NULL};
    PyObject *extras = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*|O:find_trees", names, &query->targets, &extras))
        return -1;
    if ((size_t)query->targets.len % hash_size != 0) {
        PyErr_SetString(PyExc_ValueError, "targets holds whole ids");
        return -1;
    }
    query->target_count = (size_t)query->targets.len / hash_size;
    query->extras = extras != NULL ? PySequence_List(extras) : PyList_New(0);
    if (query->extras == NULL)
        return -1;
    query->tree_count = (size_t)PyList_Size(query->extras);
    query->trees = calloc(query->tree_count + 1, sizeof *query->trees);
    int result = query->trees != NULL ? 0 : -1;
    if (result < 0)
        PyErr_NoMemory();
    for (size_t i = 0; i < query->tree_count && result == 0; i++)
        result = parse_extra(PyList_GetItem(query->extras, (Py_ssize_t)i), hash_size, &query->trees[i]);
    return result;
}

static void query_free(Query *query)
{
    if (query->targets.obj != NULL)
        PyBuffer_Release(&query->targets);
    Py_XDECREF(query->extras);
    free(query->trees);
}

/* (mode, name, target, signature); -1 for the one of the last two that it is not. */
static PyObject *row_of(const TreeTable *table, const SignatureRow *row)
{
    const Label *label = VECTOR_AT(&table->labels, Label, row->label);
    const char *mode = (const char *)table->label_bytes.items + label->start;
    const char *space = memchr(mode, ' ', label->length);
    Py_ssize_t mode_length = space - mode;
    long long value = row->value;
    return Py_BuildValue("y#y#LL", mode, mode_length, space + 1, (Py_ssize_t)label->length - mode_length - 1,
                         row->is_target ? value : -1, row->is_target ? -1 : value);
}

static PyObject *list_signatures(const TreeTable *table, const Closure *closure)
{
    PyObject *list = PyList_New((Py_ssize_t)closure->signatures.count);
    for (size_t i = 0; list != NULL && i < closure->signatures.count; i++) {
        const Signature *signature = VECTOR_AT(&closure->signatures, Signature, i);
        PyObject *rows = PyList_New(signature->row_count);
        for (uint32_t j = 0; rows != NULL && j < signature->row_count; j++) {
            PyObject *row = row_of(table, VECTOR_AT(&closure->rows, SignatureRow, signature->first_row + j));
            if (row == NULL)
                Py_CLEAR(rows);
            else
                PyList_SetItem(rows, j, row);
        }
        if (rows == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, (Py_ssize_t)i, rows);
    }
    return list;
}

static PyObject *list_tree_skips(const TreeTable *table)
{
    const PackSet *set = table->set;
    PyObject *list = PyList_New((Py_ssize_t)table->skips.count);
    for (size_t i = 0; list != NULL && i < table->skips.count; i++) {
        const Skip *skip = VECTOR_AT(&table->skips, Skip, i);
        const uint8_t *id =
            skip->node < set->node_count ? packset_id(set, skip->node) : table->extras[skip->node - set->node_count].id;
        PyObject *row = Py_BuildValue("y#i", id, (Py_ssize_t)set->hash_size, (int)skip->reason);
        if (row == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, (Py_ssize_t)i, row);
    }
    return list;
}

static PyObject *closure_result(const TreeTable *table, const Closure *closure)
{
    unsigned hash_size = table->set->hash_size;
    size_t count = closure->trees.count;
    PyObject *ids = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * hash_size));
    PyObject *signatures = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint32_t)));
    if (ids != NULL && signatures != NULL)
        for (size_t i = 0; i < count; i++) {
            const ClosedTree *tree = VECTOR_AT(&closure->trees, ClosedTree, i);
            memcpy(PyBytes_AsString(ids) + i * hash_size, tree_record_id(table, tree->record), hash_size);
            memcpy(PyBytes_AsString(signatures) + i * sizeof(uint32_t), &tree->signature, sizeof(uint32_t));
        }
    return Py_BuildValue("NNNN", ids, signatures, list_signatures(table, closure), list_tree_skips(table));
}

PyObject *packs_find_trees(PyObject *object, PyObject *args, PyObject *keywords)
{
    const PackSet *set = &((PacksObject *)object)->set;
    Query query = {0};
    TreeTable table = {0};
    Closure closure = {0};
    PyObject *result = NULL;
    if (parse_query(&query, args, keywords, set->hash_size) == 0) {
        Reason reason;
        Py_BEGIN_ALLOW_THREADS
        reason = trees_collect(&table, set, query.trees, query.tree_count);
        if (reason == REASON_NONE)
            reason = closure_find(&closure, &table, query.targets.buf, query.target_count);
        Py_END_ALLOW_THREADS
        result = reason == REASON_NONE ? closure_result(&table, &closure) : raise_reason(object, reason, "", 0);
    }
    closure_free(&closure);
    trees_free(&table);
    query_free(&query);
    return result;
}
