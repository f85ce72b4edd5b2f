/* SPDX-License-Identifier: Apache-2.0 */
/* What the binding units share: the module's types and how a Reason becomes a PackError. */
#ifndef SECRETHUNT_PACK_BINDING_H
#define SECRETHUNT_PACK_BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "pack.h"

typedef struct {
    PyObject *error; /* secrethunt.pack.contract.PackError */
    PyTypeObject *packs, *walker, *worker, *batch, *view;
} ModuleState;

typedef struct {
    PyObject_HEAD
    PackSet set;
    PyObject *broken;
} PacksObject;

typedef struct {
    PyObject_HEAD
    PacksObject *packs;
    Plan plan;
    WalkOptions options;
    Reach *reaches;
    uint32_t worker_count;
    QuietRanges quiet;
} WalkerObject;

typedef struct {
    PyObject_HEAD
    WalkerObject *walker;
    Worker worker;
    bool is_busy, is_pending; /* a call runs without the GIL; a batch is not settled */
} WorkerObject;

typedef enum { BATCH_FRESH, BATCH_RESOLVED, BATCH_SETTLED } BatchState;

typedef struct {
    PyObject_HEAD
    WorkerObject *worker;
    Store *store;
    BatchState state;
} BatchObject;

extern PyType_Spec packs_spec, walker_spec, worker_spec, batch_spec, view_spec;

ModuleState *state_of(PyObject *self);
/* Raises PackError(reason, what), or MemoryError; always NULL. */
PyObject *raise_reason(PyObject *self, Reason reason, const char *what, size_t length);
/* A new list of (id, reason). */
PyObject *list_skips(const PackSet *set, const Vector *skips);
/* A zeroed instance of one of the types. */
PyObject *new_object(PyTypeObject *type);
/* Frees what a type's instance is, after its own fields are gone. */
void free_object(PyObject *self);

/* A worker belongs to one thread at a time: false, with an exception, while another is in it. */
bool worker_enter(WorkerObject *self);
PyObject *packs_find_trees(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *packs_commits(PyObject *self, PyObject *unused);
PyObject *module_order_commits(PyObject *module, PyObject *args);

#endif
