/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what Python sees of `mix.c`. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "mix.h"

/* More memory than anybody asks of it; keeps sizes from overflowing. */
enum { MOST_R = 64, MOST_ROUNDS = 1 << 16 };

static bool are_sound(Py_ssize_t length, Py_ssize_t r, Py_ssize_t rounds)
{
    if (r < 1 || r > MOST_R || rounds < 2 || rounds > MOST_ROUNDS || (rounds & (rounds - 1)) != 0)
        return false;
    return length % (2 * r * BLOCK) == 0;
}

static PyObject *mix(PyObject *module, PyObject *arguments)
{
    (void)module;
    Py_buffer inputs;
    Py_ssize_t r, rounds;
    if (!PyArg_ParseTuple(arguments, "y*nn:mix", &inputs, &r, &rounds))
        return NULL;
    PyObject *result = NULL;
    if (!are_sound(inputs.len, r, rounds)) {
        PyErr_SetString(PyExc_ValueError, "inputs are 128 * r bytes each, rounds a power of two");
    } else if ((result = PyBytes_FromStringAndSize(inputs.buf, inputs.len)) != NULL) {
        uint8_t *bytes = (uint8_t *)PyBytes_AsString(result);
        bool is_done;
        Py_BEGIN_ALLOW_THREADS
        is_done = mix_all(bytes, (size_t)inputs.len / (size_t)(2 * r * BLOCK), (size_t)r, (size_t)rounds);
        Py_END_ALLOW_THREADS
        if (!is_done) {
            Py_CLEAR(result);
            PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&inputs);
    return result;
}

static PyMethodDef methods[] = {
    {"mix", mix, METH_VARARGS, "scryptROMix of inputs of 128 * r bytes each, joined."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "secrethunt.stretch._native", .m_size = 0, .m_methods = methods};

PyMODINIT_FUNC PyInit__native(void)
{
    if (!mix_is_worth_it()) {
        PyErr_SetString(PyExc_ImportError, "this CPU has no AVX2");
        return NULL;
    }
    return PyModuleDef_Init(&definition);
}
