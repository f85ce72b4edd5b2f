/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the types Walker, Worker and Batch. */
#include <string.h>

#include "binding.h"

typedef struct {
    PyObject_HEAD
    PacksObject *packs;
    Plan plan;
    WalkOptions options;
    Reach *reaches;
    uint32_t worker_count;
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

/* Bytes of a batch, keeping it alive. */
typedef struct {
    PyObject_HEAD
    PyObject *batch;
    const void *bytes;
    Py_ssize_t size;
} ViewObject;

static PyObject *allocate(PyTypeObject *type)
{
    return ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
}

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
    unsigned long long width, max_size = 64 << 20, budget = 128 << 20, arena_bytes = 4 << 20, object_bytes = 4 << 20;
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
        Selection selection = {.kinds = kinds, .max_size = max_size, .budget = budget};
        result = make_plan(self, &selection, &wanted);
    }
    if (wanted.obj != NULL)
        PyBuffer_Release(&wanted);
    return result;
}

static PyObject *walker_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *self = allocate(type);
    if (self != NULL && walker_init((WalkerObject *)self, args, keywords) < 0)
        Py_CLEAR(self);
    return self;
}

static void walker_dealloc(PyObject *object)
{
    WalkerObject *self = (WalkerObject *)object;
    plan_free(&self->plan);
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
    WorkerObject *self = (WorkerObject *)allocate(state_of(object)->worker);
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

/* A worker belongs to one thread at a time. */
static bool enter(WorkerObject *self)
{
    if (self->is_busy)
        PyErr_SetString(PyExc_RuntimeError, "this worker is busy in another thread");
    return !self->is_busy;
}

static PyObject *worker_next_batch(PyObject *object, PyObject *unused)
{
    (void)unused;
    WorkerObject *self = (WorkerObject *)object;
    if (!enter(self))
        return NULL;
    if (self->is_pending) {
        PyErr_SetString(PyExc_RuntimeError, "the batch before is not settled");
        return NULL;
    }
    BatchObject *batch = (BatchObject *)allocate(state_of(object)->batch);
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

/* --- Batch ----------------------------------------------------------------------------------------------------- */

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
    ViewObject *self = (ViewObject *)allocate(state_of(batch)->view);
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
    const Slot *slot = VECTOR_AT(slots, Slot, number);
    return view(self, slot->data, slot->size);
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
    } else if (enter(self->worker)) {
        self->worker->is_busy = true;
        Py_BEGIN_ALLOW_THREADS
        is_done = step(&self->worker->worker, self->store, numbers, count, rows);
        Py_END_ALLOW_THREADS
        self->worker->is_busy = false;
        self->state = is_resolve ? BATCH_RESOLVED : BATCH_SETTLED;
        if (!is_done)
            PyErr_NoMemory();
    }
    PyMem_Free(numbers);
    return is_done;
}

/* A list of tuples; *fill* writes one row's numbers. */
static PyObject *list_rows(const Vector *rows, size_t row_size, Py_ssize_t width, void (*fill)(const void *, uint64_t *))
{
    PyObject *list = PyList_New((Py_ssize_t)rows->count);
    for (size_t i = 0; list != NULL && i < rows->count; i++) {
        uint64_t numbers[5];
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
    numbers[3] = inherited->line;
    numbers[4] = inherited->line_start;
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
        list = list_rows(&rows, sizeof(Inherited), 5, fill_inherited);
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
