/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the types Walker and Worker. */
#include <string.h>

#include "binding.h"

/* --- Walker ---------------------------------------------------------------------------------------------------- */

static int parse_reaches(WalkerObject *self, PyObject *reaches)
{
    PyObject *rows = PySequence_List(reaches);
    if (rows == NULL)
        return -1;
    Py_ssize_t count = PyList_Size(rows);
    if (count > 1 << TAG_BITS) {
        Py_DECREF(rows);
        PyErr_SetString(PyExc_ValueError, "too many reaches");
        return -1;
    }
    self->reaches = PyMem_Calloc((size_t)count + 1, sizeof *self->reaches);
    int result = self->reaches != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; i < count && result == 0; i++) {
        PyObject *row = PyList_GetItem(rows, i);
        unsigned int before = 0, after = 0;
        if (!PyTuple_Check(row) || !PyArg_ParseTuple(row, "II:reach", &before, &after))
            result = -1;
        self->reaches[i] = (Reach){.before = before, .after = after};
    }
    Py_DECREF(rows);
    if (result < 0 && !PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "a reach is a tuple (before, after)");
    self->options.reaches = self->reaches;
    self->options.tag_count = (size_t)count;
    return result;
}

static int make_plan(WalkerObject *self, Selection *selection, Py_buffer *wanted)
{
    if (wanted->obj != NULL) {
        selection->wanted = wanted->buf;
        selection->wanted_count = (size_t)wanted->len / self->packs->set.hash_size;
        if ((size_t)wanted->len % self->packs->set.hash_size != 0) {
            PyErr_SetString(PyExc_ValueError, "wanted holds whole ids");
            return -1;
        }
    }
    Reason reason;
    Py_BEGIN_ALLOW_THREADS
    reason = plan_make(&self->plan, &self->packs->set, selection);
    Py_END_ALLOW_THREADS
    self->plan.selection.wanted = NULL;
    if (reason != REASON_NONE)
        PyErr_NoMemory();
    return reason != REASON_NONE ? -1 : 0;
}

static int walker_init(WalkerObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"packs",  "kinds",       "width",        "reaches", "max_size",
                            "budget", "arena_bytes", "object_bytes", "wanted",  NULL};
    PyObject *packs, *reaches;
    unsigned int kinds;
    unsigned long long width, max_size = 64 << 20, budget = 128 << 20, arena_bytes = 4 << 20, object_bytes = 2 << 20;
    Py_buffer wanted = {0};
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!IKO|$KKKKz*:Walker", names, state_of((PyObject *)self)->packs,
                                     &packs, &kinds, &width, &reaches, &max_size, &budget, &arena_bytes, &object_bytes,
                                     &wanted))
        return -1;
    Py_INCREF(packs);
    self->packs = (PacksObject *)packs;
    int result = -1;
    if (width < 1 || width > UINT16_MAX || max_size > SIZE_LIMIT || arena_bytes < 1 || object_bytes < 1) {
        PyErr_SetString(PyExc_ValueError, "a size is out of range");
    } else if (parse_reaches(self, reaches) == 0) {
        self->options.width = (size_t)width;
        self->options.arena_bytes = (size_t)arena_bytes;
        self->options.object_bytes = (size_t)object_bytes;
        self->options.quiet = &self->quiet;
        Selection selection = {.kinds = kinds, .max_size = max_size, .budget = budget};
        result = quiet_init(&self->quiet) ? make_plan(self, &selection, &wanted) : -1;
        if (result < 0 && !PyErr_Occurred())
            PyErr_NoMemory();
    }
    if (wanted.obj != NULL)
        PyBuffer_Release(&wanted);
    return result;
}

static PyObject *walker_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *self = new_object(type);
    if (self != NULL && walker_init((WalkerObject *)self, args, keywords) < 0)
        Py_CLEAR(self);
    return self;
}

static void walker_dealloc(PyObject *object)
{
    WalkerObject *self = (WalkerObject *)object;
    plan_free(&self->plan);
    quiet_free(&self->quiet);
    PyMem_Free(self->reaches);
    Py_XDECREF((PyObject *)self->packs);
    free_object(object);
}

static PyObject *walker_skips(PyObject *object, void *closure)
{
    (void)closure;
    WalkerObject *self = (WalkerObject *)object;
    return list_skips(&self->packs->set, &self->plan.skips);
}

static PyObject *walker_counts(PyObject *object, void *closure)
{
    (void)closure;
    WalkerObject *self = (WalkerObject *)object;
    unsigned long long objects = 0, bytes = 0;
    for (uint32_t node = 0; node < self->packs->set.node_count; node++)
        if (self->plan.flags[node] & NODE_SELECTED) {
            uint64_t offset;
            objects++;
            bytes += packset_extent(&self->packs->set, node, &offset);
        }
    return Py_BuildValue("KK", objects, bytes);
}

static PyObject *walker_worker(PyObject *object, PyObject *unused)
{
    (void)unused;
    WalkerObject *walker = (WalkerObject *)object;
    WorkerObject *self = (WorkerObject *)new_object(state_of(object)->worker);
    if (self == NULL)
        return NULL;
    Reason reason = worker_init(&self->worker, &walker->plan, &walker->options, walker->worker_count);
    Py_INCREF(object);
    self->walker = walker;
    if (reason != REASON_NONE) {
        Py_DECREF((PyObject *)self);
        return PyErr_NoMemory();
    }
    walker->worker_count++;
    return (PyObject *)self;
}

static PyMethodDef walker_methods[] = {{"worker", walker_worker, METH_NOARGS, NULL}, {0}};
static PyGetSetDef walker_getters[] = {
    {"skips", walker_skips, NULL, NULL, NULL},
    {"counts", walker_counts, NULL, NULL, NULL},
    {0},
};
static PyType_Slot walker_slots[] = {
    {Py_tp_new, walker_new},
    {Py_tp_dealloc, walker_dealloc},
    {Py_tp_methods, walker_methods},
    {Py_tp_getset, walker_getters},
    {0},
};
PyType_Spec walker_spec = {
    .name = "secrethunt.pack._native.Walker",
    .basicsize = sizeof(WalkerObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = walker_slots,
};

/* --- Worker ---------------------------------------------------------------------------------------------------- */

static void worker_dealloc(PyObject *object)
{
    WorkerObject *self = (WorkerObject *)object;
    if (self->walker != NULL)
        worker_free(&self->worker);
    Py_XDECREF((PyObject *)self->walker);
    free_object(object);
}

bool worker_enter(WorkerObject *self)
{
    if (self->is_busy)
        PyErr_SetString(PyExc_RuntimeError, "this worker is busy in another thread");
    return !self->is_busy;
}

static PyObject *worker_next_batch(PyObject *object, PyObject *unused)
{
    (void)unused;
    WorkerObject *self = (WorkerObject *)object;
    if (!worker_enter(self))
        return NULL;
    if (self->is_pending) {
        PyErr_SetString(PyExc_RuntimeError, "the batch before is not settled");
        return NULL;
    }
    BatchObject *batch = (BatchObject *)new_object(state_of(object)->batch);
    if (batch == NULL)
        return NULL;
    Reason reason;
    self->is_busy = true;
    Py_BEGIN_ALLOW_THREADS
    reason = worker_next(&self->worker, &batch->store);
    Py_END_ALLOW_THREADS
    self->is_busy = false;
    if (reason == REASON_NONE && batch->store != NULL) {
        Py_INCREF(object);
        batch->worker = self;
        self->is_pending = true;
        return (PyObject *)batch;
    }
    Py_DECREF((PyObject *)batch);
    if (reason != REASON_NONE)
        return raise_reason(object, reason, "", 0);
    Py_RETURN_NONE;
}

static PyMethodDef worker_methods[] = {{"next_batch", worker_next_batch, METH_NOARGS, NULL}, {0}};
static PyType_Slot worker_slots[] = {{Py_tp_dealloc, worker_dealloc}, {Py_tp_methods, worker_methods}, {0}};
PyType_Spec worker_spec = {
    .name = "secrethunt.pack._native.Worker",
    .basicsize = sizeof(WorkerObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = worker_slots,
};
