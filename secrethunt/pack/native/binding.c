/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the module `_native`, its errors, and the type Packs. The contract is `_native.pyi`. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"

/* Bases may be larger than the object read; beyond this they are refused too. */
#define BASE_BUDGET ((uint64_t)256 << 20)

ModuleState *state_of(PyObject *self)
{
    return PyType_GetModuleState(Py_TYPE(self));
}

PyObject *raise_reason(PyObject *self, Reason reason, const char *what, size_t length)
{
    if (reason == REASON_NO_MEMORY)
        return PyErr_NoMemory();
    PyObject *error = state_of(self)->error;
    PyObject *value = PyObject_CallFunction(error, "iy#", (int)reason, what, (Py_ssize_t)length);
    if (value != NULL)
        PyErr_SetObject(error, value);
    Py_XDECREF(value);
    return NULL;
}

PyObject *list_skips(const PackSet *set, const Vector *skips)
{
    PyObject *list = PyList_New((Py_ssize_t)skips->count);
    for (size_t i = 0; list != NULL && i < skips->count; i++) {
        const Skip *skip = VECTOR_AT(skips, Skip, i);
        PyObject *row =
            Py_BuildValue("y#i", packset_id(set, skip->node), (Py_ssize_t)set->hash_size, (int)skip->reason);
        if (row == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, (Py_ssize_t)i, row);
    }
    return list;
}

PyObject *new_object(PyTypeObject *type)
{
    return ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
}

void free_object(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* --- Packs ----------------------------------------------------------------------------------------------------- */

static int note_broken(PacksObject *self, PyObject *path, Reason reason)
{
    PyObject *row = Py_BuildValue("Oi", path, (int)reason);
    int result = row != NULL ? PyList_Append(self->broken, row) : -1;
    Py_XDECREF(row);
    return result;
}

/* One pack and the index beside it; what cannot be used is listed, not raised. */
static int open_pack(PacksObject *self, PyObject *path)
{
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(path, &bytes, &length) < 0)
        return -1;
    if (length < 5 || strlen(bytes) != (size_t)length || strcmp(bytes + length - 5, ".pack") != 0) {
        PyErr_SetString(PyExc_ValueError, "a pack's path ends in .pack");
        return -1;
    }
    PyObject *index = PyBytes_FromStringAndSize(bytes, length - 1);
    if (index == NULL)
        return -1;
    char *index_path = PyBytes_AsString(index);
    memcpy(index_path + length - 5, ".idx", 4);
    Reason reason;
    Py_BEGIN_ALLOW_THREADS
    reason = packset_open(&self->set, bytes, index_path);
    Py_END_ALLOW_THREADS
    Py_DECREF(index);
    if (reason == REASON_NO_MEMORY) {
        PyErr_NoMemory();
        return -1;
    }
    return reason != REASON_NONE ? note_broken(self, path, reason) : 0;
}

static int open_all(PacksObject *self, PyObject *paths)
{
    PyObject *iterator = PyObject_GetIter(paths), *path;
    if (iterator == NULL)
        return -1;
    int result = 0;
    while (result == 0 && (path = PyIter_Next(iterator)) != NULL) {
        result = open_pack(self, path);
        Py_DECREF(path);
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : result;
}

static PyObject *packs_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"paths", "hash_size", NULL};
    PyObject *paths;
    int hash_size = 20;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|i:Packs", names, &paths, &hash_size))
        return NULL;
    if (hash_size != 20 && hash_size != 32) {
        PyErr_SetString(PyExc_ValueError, "hash_size is 20 or 32");
        return NULL;
    }
    PacksObject *self = (PacksObject *)new_object(type);
    if (self == NULL)
        return NULL;
    self->set = (PackSet){.hash_size = (unsigned)hash_size};
    self->broken = PyList_New(0);
    if (self->broken == NULL || open_all(self, paths) < 0) {
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    Reason reason;
    Py_BEGIN_ALLOW_THREADS
    reason = packset_link(&self->set);
    Py_END_ALLOW_THREADS
    if (reason != REASON_NONE) {
        Py_DECREF((PyObject *)self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void packs_dealloc(PyObject *object)
{
    PacksObject *self = (PacksObject *)object;
    packset_free(&self->set);
    Py_XDECREF(self->broken);
    free_object(object);
}

static Py_ssize_t packs_length(PyObject *self)
{
    return ((PacksObject *)self)->set.node_count;
}

static uint32_t find_id(PacksObject *self, PyObject *id)
{
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(id, &bytes, &length) < 0)
        return NO_NODE;
    if ((size_t)length != self->set.hash_size) {
        PyErr_SetString(PyExc_ValueError, "an id has hash_size bytes");
        return NO_NODE;
    }
    return packset_find(&self->set, (const uint8_t *)bytes);
}

static int packs_contains(PyObject *self, PyObject *id)
{
    uint32_t node = find_id((PacksObject *)self, id);
    return PyErr_Occurred() ? -1 : node != NO_NODE;
}

static Reason read_node(const PackSet *set, uint32_t node, uint64_t limit, uint8_t **bytes, size_t *size)
{
    Plan plan = {.set = set, .selection = {.budget = limit > BASE_BUDGET ? limit : BASE_BUDGET}};
    Cursor cursor;
    if (set->reasons[node] != REASON_NONE)
        return set->reasons[node];
    Reason reason = cursor_init(&cursor, &plan, NULL);
    if (reason == REASON_NONE)
        reason = cursor_read(&cursor, node, bytes, size);
    cursor_free(&cursor);
    return reason == REASON_NONE && *size > limit ? REASON_TOO_LARGE : reason;
}

static PyObject *packs_read(PyObject *object, PyObject *args)
{
    PacksObject *self = (PacksObject *)object;
    PyObject *id;
    unsigned long long limit;
    if (!PyArg_ParseTuple(args, "SK:read", &id, &limit))
        return NULL;
    uint32_t node = find_id(self, id);
    if (node == NO_NODE) {
        if (!PyErr_Occurred())
            PyErr_SetObject(PyExc_KeyError, id);
        return NULL;
    }
    uint8_t *bytes = NULL;
    size_t size = 0;
    Reason reason;
    Py_BEGIN_ALLOW_THREADS
    reason = read_node(&self->set, node, limit, &bytes, &size);
    Py_END_ALLOW_THREADS
    PyObject *result = NULL;
    if (reason != REASON_NONE)
        raise_reason(object, reason, PyBytes_AsString(id), self->set.hash_size);
    else
        result = Py_BuildValue("iy#", (int)self->set.kinds[node], bytes, (Py_ssize_t)size);
    free(bytes);
    return result;
}

static PyObject *packs_ids(PyObject *object, PyObject *args)
{
    PacksObject *self = (PacksObject *)object;
    int kind;
    if (!PyArg_ParseTuple(args, "i:ids", &kind))
        return NULL;
    const PackSet *set = &self->set;
    Py_ssize_t count = 0;
    for (uint32_t node = 0; node < set->node_count; node++)
        count += set->kinds[node] == kind && !set->is_duplicate[node];
    PyObject *ids = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)set->hash_size);
    if (ids == NULL)
        return NULL;
    char *next = PyBytes_AsString(ids);
    for (uint32_t node = 0; node < set->node_count; node++)
        if (set->kinds[node] == kind && !set->is_duplicate[node]) {
            memcpy(next, packset_id(set, node), set->hash_size);
            next += set->hash_size;
        }
    return ids;
}

static PyObject *packs_broken(PyObject *self, void *closure)
{
    (void)closure;
    return PyList_GetSlice(((PacksObject *)self)->broken, 0, PY_SSIZE_T_MAX);
}

static PyMethodDef packs_methods[] = {
    {"read", packs_read, METH_VARARGS, NULL},
    {"ids", packs_ids, METH_VARARGS, NULL},
    {"find_trees", (PyCFunction)(void (*)(void))packs_find_trees, METH_VARARGS | METH_KEYWORDS, NULL},
    {"commits", packs_commits, METH_NOARGS, NULL},
    {0},
};
static PyGetSetDef packs_getters[] = {{"broken", packs_broken, NULL, NULL, NULL}, {0}};
static PyType_Slot packs_slots[] = {
    {Py_tp_new, packs_new},         {Py_tp_dealloc, packs_dealloc},   {Py_tp_methods, packs_methods},
    {Py_tp_getset, packs_getters},  {Py_sq_length, packs_length},     {Py_sq_contains, packs_contains},
    {0},
};
PyType_Spec packs_spec = {
    .name = "secrethunt.pack._native.Packs",
    .basicsize = sizeof(PacksObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = packs_slots,
};

/* --- the module ------------------------------------------------------------------------------------------------ */

static bool read_tags(const int *numbers, uint16_t *tags)
{
    for (unsigned shape = 0; shape < SHAPE_COUNT; shape++) {
        if (numbers[shape] < 0 || numbers[shape] >> TAG_BITS != 0)
            return false;
        tags[shape] = (uint16_t)numbers[shape];
    }
    return true;
}

static PyObject *module_find_encoded(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer buffer;
    int numbers[SHAPE_COUNT];
    if (!PyArg_ParseTuple(args, "y*(iiiii):find_encoded", &buffer, &numbers[SHAPE_BASE64], &numbers[SHAPE_HEX],
                          &numbers[SHAPE_BYTE_ORDER_MARK], &numbers[SHAPE_UTF16], &numbers[SHAPE_UTF32]))
        return NULL;
    uint16_t tags[SHAPE_COUNT];
    Vector events = {0};
    bool is_valid = read_tags(numbers, tags), is_done = false;
    if (is_valid) {
        Py_BEGIN_ALLOW_THREADS
        is_done = encoded_find(buffer.buf, (size_t)buffer.len, tags, &events);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&buffer);
    PyObject *result = NULL;
    if (!is_valid)
        PyErr_SetString(PyExc_ValueError, "a tag has 16 bits");
    else if (!is_done)
        PyErr_NoMemory();
    else
        result = PyBytes_FromStringAndSize(events.items, (Py_ssize_t)(events.count * sizeof(uint64_t)));
    vector_free(&events);
    return result;
}

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type)
{
    *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *type == NULL ? -1 : PyModule_AddType(module, *type);
}

static int module_exec(PyObject *module)
{
    ModuleState *state = PyModule_GetState(module);
    PyObject *contract = PyImport_ImportModule("secrethunt.pack.contract");
    if (contract == NULL)
        return -1;
    state->error = PyObject_GetAttrString(contract, "PackError");
    Py_DECREF(contract);
    PyObject *is_fast = PyBool_FromLong(encoded_is_fast());
    int added = PyModule_AddObjectRef(module, "IS_FINDING_FAST", is_fast);
    Py_DECREF(is_fast);
    if (added < 0 || state->error == NULL || add_type(module, &packs_spec, &state->packs) < 0 ||
        add_type(module, &walker_spec, &state->walker) < 0 || add_type(module, &worker_spec, &state->worker) < 0 ||
        add_type(module, &batch_spec, &state->batch) < 0)
        return -1;
    state->view = (PyTypeObject *)PyType_FromModuleAndSpec(module, &view_spec, NULL);
    return state->view == NULL ? -1 : 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->error);
    Py_VISIT(state->packs);
    Py_VISIT(state->walker);
    Py_VISIT(state->worker);
    Py_VISIT(state->batch);
    Py_VISIT(state->view);
    return 0;
}

static int module_clear(PyObject *module)
{
    ModuleState *state = PyModule_GetState(module);
    Py_CLEAR(state->error);
    Py_CLEAR(state->packs);
    Py_CLEAR(state->walker);
    Py_CLEAR(state->worker);
    Py_CLEAR(state->batch);
    Py_CLEAR(state->view);
    return 0;
}

static void module_free(void *module)
{
    module_clear(module);
}

static PyMethodDef module_methods[] = {
    {"find_encoded", module_find_encoded, METH_VARARGS, NULL},
    {"order_commits", module_order_commits, METH_VARARGS, NULL},
    {0},
};
static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_exec}, {0}};
static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_size = sizeof(ModuleState),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&module_definition);
}
