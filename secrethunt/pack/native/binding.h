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

extern PyType_Spec packs_spec, walker_spec, worker_spec, batch_spec, view_spec;

ModuleState *state_of(PyObject *self);
/* Raises PackError(reason, what), or MemoryError; always NULL. */
PyObject *raise_reason(PyObject *self, Reason reason, const char *what, size_t length);
/* A new list of (id, reason). */
PyObject *list_skips(const PackSet *set, const Vector *skips);
/* Frees what a type's instance is, after its own fields are gone. */
void free_object(PyObject *self);

PyObject *packs_find_trees(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *packs_commits(PyObject *self, PyObject *unused);

#endif
