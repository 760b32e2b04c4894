"""Unaligned little-endian loads and stores for compiled kernels.

BinXML values stand at any address. NumPy views need alignment, and eight byte loads with shifts cost eight bounds
checks; these intrinsics are one machine instruction each. **They check nothing**: a kernel must have compared the
range with the buffer before (every caller does so once per value, and buffers end with `SLACK` bytes that no value
stands in).
"""

from __future__ import annotations

import sys
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

SLACK: Final = 16
"""Spare bytes behind the last value of every buffer: 8-byte accesses may overshoot."""


def _place(context: Any, builder: Any, kind: Any, array: Any, at: Any, bits: int) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return cgutils.pointer_add(builder, data, at, ir.IntType(bits).as_pointer())  # type: ignore[no-untyped-call]


def _load(bits: int) -> Any:
    """Return the code generator of a load of `bits` bits, widened to 64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.load(_place(context, builder, signature.args[0], arguments[0], arguments[1], bits))
        value.align = 1
        if sys.byteorder == "big":
            value = builder.bswap(value)
        return value if bits == 64 else builder.zext(value, ir.IntType(64))

    return generate


@intrinsic
def _load16(typing_context: Any, data: Any, at: Any) -> Any:
    """Load 16 bits at byte `at` of a uint8 array, as int64."""
    return types.int64(data, types.int64), _load(16)


@intrinsic
def _load32(typing_context: Any, data: Any, at: Any) -> Any:
    """Load 32 bits at byte `at` of a uint8 array, as int64 (not negative)."""
    return types.int64(data, types.int64), _load(32)


@intrinsic
def _load64(typing_context: Any, data: Any, at: Any) -> Any:
    """Load 64 bits at byte `at` of a uint8 array, as uint64."""
    return types.uint64(data, types.int64), _load(64)


@intrinsic
def _store64(typing_context: Any, data: Any, at: Any, value: Any) -> Any:
    """Store a uint64 at byte `at` of a uint8 array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, at, value = arguments
        if sys.byteorder == "big":
            value = builder.bswap(value)
        builder.store(value, _place(context, builder, signature.args[0], array, at, 64)).align = 1
        return context.get_dummy_value()

    return types.void(data, types.int64, types.uint64), generate


@intrinsic
def _borrow(typing_context: Any, array: Any) -> Any:
    """Return the same array without its reference count.

    Numba counts references of array arguments at every call of one kernel by another, with locked instructions that
    cost more than the kernels. The caller of the outermost kernel keeps the arrays alive, so nothing below needs to
    count.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)  # type: ignore[no-untyped-call]
        view.parent = cgutils.get_null_value(view.parent.type)  # type: ignore[no-untyped-call]
        return view._getvalue()

    return array(array), generate


load16: Any = _load16
load32: Any = _load32
load64: Any = _load64
store64: Any = _store64
borrow: Any = _borrow
