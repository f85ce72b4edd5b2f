/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the type Batch, and the views of its memory. */
#include <string.h>

#include "binding.h"

/* Bytes of a batch, keeping it alive. */
typedef struct {
    PyObject_HEAD
    PyObject *batch;
    const void *bytes;
    Py_ssize_t size;
} ViewObject;

static void batch_dealloc(PyObject *object)
{
    BatchObject *self = (BatchObject *)object;
    if (self->store != NULL)
        worker_recycle(&self->worker->worker, self->store);
    Py_XDECREF((PyObject *)self->worker);
    free_object(object);
}

static Py_ssize_t batch_length(PyObject *self)
{
    return (Py_ssize_t)((BatchObject *)self)->store->slots.count;
}

static PyObject *view(PyObject *batch, const void *bytes, size_t size)
{
    ViewObject *self = (ViewObject *)new_object(state_of(batch)->view);
    if (self == NULL)
        return NULL;
    Py_INCREF(batch);
    self->batch = batch;
    self->bytes = bytes != NULL ? bytes : "";
    self->size = (Py_ssize_t)size;
    PyObject *memory = PyMemoryView_FromObject((PyObject *)self);
    Py_DECREF((PyObject *)self);
    return memory;
}

static PyObject *batch_blob(PyObject *self, PyObject *args)
{
    const Vector *slots = &((BatchObject *)self)->store->slots;
    Py_ssize_t number;
    if (!PyArg_ParseTuple(args, "n:blob", &number))
        return NULL;
    if (number < 0 || (size_t)number >= slots->count) {
        PyErr_SetString(PyExc_IndexError, "no such slot");
        return NULL;
    }
    Slot *slot = VECTOR_AT(slots, Slot, number);
    const uint8_t *data = slot_data(((BatchObject *)self)->store, slot);
    return data != NULL ? view(self, data, slot->size) : PyErr_NoMemory();
}

/* Events and origins come as native-endian uint64 in any buffer; the copy is aligned. */
static uint64_t *copy_numbers(const Py_buffer *buffer, size_t *count)
{
    if (buffer->len % 8 != 0) {
        PyErr_SetString(PyExc_ValueError, "a buffer of uint64 is expected");
        return NULL;
    }
    *count = (size_t)buffer->len / 8;
    uint64_t *numbers = PyMem_Malloc((size_t)buffer->len + 8);
    if (numbers == NULL)
        PyErr_NoMemory();
    else if (*count > 0)
        memcpy(numbers, buffer->buf, (size_t)buffer->len);
    return numbers;
}

typedef bool BatchStep(Worker *worker, Store *store, const uint64_t *numbers, size_t count, Vector *rows);

static bool check_events(const BatchObject *self, const uint64_t *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((events[i] & ((1 << TAG_BITS) - 1)) >= self->worker->walker->options.tag_count)
            return false;
    return true;
}

static bool check_origins(const BatchObject *self, const uint64_t *origins, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (origins[i] - self->store->first_origin >= self->store->origin_count)
            return false;
    return true;
}

/* Run *step* on the numbers in *args* without the GIL; false with an exception set. */
static bool run_step(BatchObject *self, PyObject *args, BatchStep *step, Vector *rows)
{
    bool is_resolve = step == worker_resolve;
    Py_buffer buffer;
    if (!PyArg_ParseTuple(args, "y*", &buffer))
        return false;
    size_t count = 0;
    uint64_t *numbers = copy_numbers(&buffer, &count);
    PyBuffer_Release(&buffer);
    if (numbers == NULL)
        return false;
    bool is_valid = is_resolve ? check_events(self, numbers, count) : check_origins(self, numbers, count);
    bool is_done = false;
    if (!is_valid) {
        PyErr_SetString(PyExc_ValueError, is_resolve ? "a tag has no reach" : "an origin is not of this batch");
    } else if (self->state != (is_resolve ? BATCH_FRESH : BATCH_RESOLVED)) {
        PyErr_SetString(PyExc_RuntimeError, "resolve, then settle, once each");
    } else if (worker_enter(self->worker)) {
        self->worker->is_busy = true;
        Py_BEGIN_ALLOW_THREADS
        is_done = step(&self->worker->worker, self->store, numbers, count, rows);
        Py_END_ALLOW_THREADS
        self->worker->is_busy = false;
        /* After a failure nothing more is taken: the worker stays pending. */
        self->state = is_resolve && is_done ? BATCH_RESOLVED : BATCH_SETTLED;
        if (!is_done)
            PyErr_NoMemory();
    }
    PyMem_Free(numbers);
    return is_done;
}

typedef void FillRow(const void *row, uint64_t *numbers);

/* A list of tuples; *fill* writes one row's numbers. */
static PyObject *list_rows(const Vector *rows, size_t row_size, Py_ssize_t width, FillRow *fill)
{
    PyObject *list = PyList_New((Py_ssize_t)rows->count);
    for (size_t i = 0; list != NULL && i < rows->count; i++) {
        uint64_t numbers[4];
        fill((const char *)rows->items + i * row_size, numbers);
        PyObject *row = PyTuple_New(width);
        for (Py_ssize_t j = 0; row != NULL && j < width; j++) {
            PyObject *number = PyLong_FromUnsignedLongLong(numbers[j]);
            if (number == NULL)
                Py_CLEAR(row);
            else
                PyTuple_SetItem(row, j, number);
        }
        if (row == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, (Py_ssize_t)i, row);
    }
    return list;
}

static void fill_confirmation(const void *row, uint64_t *numbers)
{
    const Confirmation *confirmation = row;
    numbers[0] = confirmation->slot;
    numbers[1] = confirmation->tag;
    numbers[2] = confirmation->end;
    numbers[3] = confirmation->origin;
}

static void fill_inherited(const void *row, uint64_t *numbers)
{
    const Inherited *inherited = row;
    numbers[0] = inherited->slot;
    numbers[1] = inherited->origin;
    numbers[2] = inherited->end;
}

static PyObject *batch_resolve(PyObject *self, PyObject *args)
{
    Vector rows = {0};
    PyObject *list = NULL;
    if (run_step((BatchObject *)self, args, worker_resolve, &rows))
        list = list_rows(&rows, sizeof(Confirmation), 4, fill_confirmation);
    vector_free(&rows);
    return list;
}

static PyObject *batch_settle(PyObject *self, PyObject *args)
{
    BatchObject *batch = (BatchObject *)self;
    Vector rows = {0};
    PyObject *list = NULL;
    if (run_step(batch, args, worker_settle, &rows)) {
        batch->worker->is_pending = false;
        list = list_rows(&rows, sizeof(Inherited), 3, fill_inherited);
    }
    vector_free(&rows);
    return list;
}

static PyObject *batch_arena(PyObject *self, void *closure)
{
    (void)closure;
    const Vector *arena = &((BatchObject *)self)->store->arena;
    return view(self, arena->items, arena->count);
}

/* Does the slot's object begin with *prefix*? -1 with an exception when memory is out. */
static int begins_with(Store *store, Slot *slot, const char *prefix, size_t length)
{
    const uint8_t *data = slot_data(store, slot);
    if (data == NULL)
        PyErr_NoMemory();
    return data == NULL ? -1 : memcmp(data, prefix, length) == 0;
}

/* Slots of blobs shorter than *limit* that begin with *prefix*. */
static PyObject *batch_starting_with(PyObject *self, PyObject *args)
{
    const BatchObject *batch = (BatchObject *)self;
    const Vector *slots = &batch->store->slots;
    const char *prefix;
    Py_ssize_t length, limit;
    if (!PyArg_ParseTuple(args, "y#n:starting_with", &prefix, &length, &limit))
        return NULL;
    PyObject *found = PyList_New(0);
    for (size_t i = 0; found != NULL && i < slots->count; i++) {
        Slot *slot = VECTOR_AT(slots, Slot, i);
        if (batch->worker->walker->packs->set.kinds[slot->node] != KIND_BLOB || (Py_ssize_t)slot->size >= limit ||
            (Py_ssize_t)slot->size < length)
            continue;
        int begins = begins_with(batch->store, slot, prefix, (size_t)length);
        if (begins == 0)
            continue;
        PyObject *number = begins > 0 ? PyLong_FromSize_t(i) : NULL;
        if (number == NULL || PyList_Append(found, number) < 0)
            Py_CLEAR(found);
        Py_XDECREF(number);
    }
    return found;
}

/* Ids of all slots, joined. */
static PyObject *batch_ids(PyObject *self, void *closure)
{
    (void)closure;
    const BatchObject *batch = (BatchObject *)self;
    const PackSet *set = &batch->worker->walker->packs->set;
    const Vector *slots = &batch->store->slots;
    PyObject *ids = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(slots->count * set->hash_size));
    char *next = ids != NULL ? PyBytes_AsString(ids) : NULL;
    for (size_t i = 0; next != NULL && i < slots->count; i++)
        memcpy(next + i * set->hash_size, packset_id(set, VECTOR_AT(slots, Slot, i)->node), set->hash_size);
    return ids;
}

static PyObject *batch_kinds(PyObject *self, void *closure)
{
    (void)closure;
    const BatchObject *batch = (BatchObject *)self;
    const Vector *slots = &batch->store->slots;
    PyObject *kinds = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)slots->count);
    char *next = kinds != NULL ? PyBytes_AsString(kinds) : NULL;
    for (size_t i = 0; next != NULL && i < slots->count; i++)
        next[i] = (char)batch->worker->walker->packs->set.kinds[VECTOR_AT(slots, Slot, i)->node];
    return kinds;
}

static PyObject *batch_skips(PyObject *self, void *closure)
{
    (void)closure;
    const BatchObject *batch = (BatchObject *)self;
    return list_skips(&batch->worker->walker->packs->set, &batch->store->skips);
}

/* Bytes of all slots' objects, written out. */
static PyObject *batch_bytes(PyObject *self, void *closure)
{
    (void)closure;
    const Vector *slots = &((BatchObject *)self)->store->slots;
    unsigned long long bytes = 0;
    for (size_t i = 0; i < slots->count; i++)
        bytes += VECTOR_AT(slots, Slot, i)->size;
    return PyLong_FromUnsignedLongLong(bytes);
}

static PyMethodDef batch_methods[] = {
    {"blob", batch_blob, METH_VARARGS, NULL},
    {"resolve", batch_resolve, METH_VARARGS, NULL},
    {"settle", batch_settle, METH_VARARGS, NULL},
    {"starting_with", batch_starting_with, METH_VARARGS, NULL},
    {0},
};
static PyGetSetDef batch_getters[] = {
    {"arena", batch_arena, NULL, NULL, NULL}, {"ids", batch_ids, NULL, NULL, NULL},
    {"kinds", batch_kinds, NULL, NULL, NULL}, {"skips", batch_skips, NULL, NULL, NULL},
    {"bytes", batch_bytes, NULL, NULL, NULL}, {0},
};
static PyType_Slot batch_slots[] = {
    {Py_tp_dealloc, batch_dealloc}, {Py_tp_methods, batch_methods}, {Py_tp_getset, batch_getters},
    {Py_sq_length, batch_length},   {0},
};
PyType_Spec batch_spec = {
    .name = "secrethunt.pack._native.Batch",
    .basicsize = sizeof(BatchObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = batch_slots,
};

static int view_getbuffer(PyObject *object, Py_buffer *buffer, int flags)
{
    ViewObject *self = (ViewObject *)object;
    return PyBuffer_FillInfo(buffer, object, (void *)self->bytes, self->size, 1, flags);
}

static void view_dealloc(PyObject *object)
{
    Py_XDECREF(((ViewObject *)object)->batch);
    free_object(object);
}

static PyType_Slot view_slots[] = {{Py_tp_dealloc, view_dealloc}, {Py_bf_getbuffer, view_getbuffer}, {0}};
PyType_Spec view_spec = {
    .name = "secrethunt.pack._native.View",
    .basicsize = sizeof(ViewObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = view_slots,
};
