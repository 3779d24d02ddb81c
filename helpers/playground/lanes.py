"""A row of LANES floats as one value for numba: arithmetic for many seeds at once, whatever the processor's registers.

Numba's own arrays give the compiler no such guarantee: a row here is one LLVM vector, and every operation on it one
instruction a register. Operators, abs, -x and math.copysign work on rows, and between a row and a float; comparisons give
truth values for `where`. For use inside compiled functions; `rows` and `empty_rows` make the arrays that they work on.
"""

import math
import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

LANES = 16  # seeds that are computed side by side: two 512-bit registers, one of which works while the other waits
CACHE_LINE = 64  # bytes


class _Row(types.Type):
    """Numba's type for a row of floats, or of truth values (FLAGS)."""


ROW, FLAGS = _Row("row of floats"), _Row("row of truth values")
_WORD, _DOUBLE = ir.IntType(64), ir.DoubleType()
_ROW_IN_LLVM = ir.VectorType(_DOUBLE, LANES)


@register_model(_Row)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _ROW_IN_LLVM if kind is ROW else ir.VectorType(ir.IntType(1), LANES))


def _as_row(builder, value, kind):
    """A value in a program under construction, spread over a row if it is a single float."""
    if kind is ROW:
        return value
    nothing, places = ir.Constant(_ROW_IN_LLVM, ir.Undefined), ir.VectorType(ir.IntType(32), LANES)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(places, [0] * LANES))


def _for_rows(function, emit, result=ROW):
    """Give a Python function, such as operator.add, a meaning for two rows, or for a row and a float."""

    @intrinsic
    def of_rows(_context, a, b):
        def build(_context, builder, signature, args):
            return emit(builder, *(_as_row(builder, *each) for each in zip(args, signature.args, strict=True)))

        return result(a, b), build

    def chosen(a, b):
        fits = ROW in (a, b) and all(kind is ROW or isinstance(kind, types.Float) for kind in (a, b))
        return (lambda a, b: of_rows(a, b)) if fits else None

    overload(function)(chosen)


def _library(name):
    """What emits a call of one of LLVM's own functions, which become instructions."""

    def emit(builder, *args):
        kind = ir.FunctionType(_ROW_IN_LLVM, [_ROW_IN_LLVM] * len(args))
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64"), args)

    return emit


def _for_row(function, emit):
    """Give a Python function of one argument a meaning for a row."""

    @intrinsic
    def of_row(_context, row):
        return ROW(row), lambda _context, builder, _signature, args: emit(builder, *args)

    overload(function)(lambda row: (lambda row: of_row(row)) if row is ROW else None)


for _function, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _for_rows(_function, lambda builder, a, b, name=_name: getattr(builder, name)(a, b))
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=="}.items():
    _for_rows(getattr(operator, _name), lambda builder, a, b, sign=_sign: builder.fcmp_ordered(sign, a, b), FLAGS)
_for_rows(math.copysign, _library("copysign"))
_for_row(abs, _library("fabs"))
_for_row(operator.neg, lambda builder, row: builder.fneg(row))


def _address(context, builder, kind, rows, index):
    """Where a row of a two-dimensional array begins."""
    data = context.make_array(kind)(context, builder, rows).data
    return builder.bitcast(builder.gep(data, [builder.mul(index, _WORD(LANES))]), _ROW_IN_LLVM.as_pointer())


@intrinsic
def get(_context, rows, index):
    """rows[index], of an array (n, LANES), as a row."""

    def emit(context, builder, signature, args):
        return builder.load(_address(context, builder, signature.args[0], *args), align=8)

    return ROW(rows, types.int64), emit


@intrinsic
def put(_context, rows, index, row):
    """rows[index] = row."""

    def emit(context, builder, signature, args):
        builder.store(args[2], _address(context, builder, signature.args[0], *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(rows, types.int64, ROW), emit


@intrinsic
def row_of(_context, value):
    """A row with the same float everywhere."""
    return ROW(types.float64), lambda _context, builder, _signature, args: _as_row(builder, *args, types.float64)


@intrinsic
def where(_context, condition, chosen, other):
    """`chosen` in the lanes where `condition` (truth values) holds, else `other`: rows or floats, without a branch."""

    def emit(_context, builder, signature, args):
        both = zip(args[1:], signature.args[1:], strict=True)
        return builder.select(args[0], *(_as_row(builder, *each) for each in both))

    return (ROW(condition, chosen, other), emit) if condition is FLAGS else None


@intrinsic
def shifted_into_exponent(_context, row):
    """The row whose bits are those of `row`, moved 52 places up: the lowest become the exponent."""

    def emit(_context, builder, _signature, args):
        words = ir.VectorType(_WORD, LANES)([52] * LANES)
        return builder.bitcast(builder.shl(builder.bitcast(args[0], words.type), words), _ROW_IN_LLVM)

    return ROW(row), emit


def rows(array, columns):
    """The columns of an array (..., n_seeds), filled up to LANES with the last of them: float array (..., LANES)."""
    lanes = np.pad(columns, (0, LANES - columns.size), mode="edge")
    return np.take(array, lanes, axis=-1, out=empty_rows(*array.shape[:-1]), mode="clip")


def empty_rows(*shape):
    """An empty float array (*shape, LANES). Its rows begin where a line of the cache does: one fills a register at once."""
    shape = *shape, LANES
    memory = np.empty(math.prod(shape) + CACHE_LINE // 8)
    first = -memory.ctypes.data % CACHE_LINE // 8
    return memory[first : first + math.prod(shape)].reshape(shape)
