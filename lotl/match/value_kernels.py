"""Kernels that read numbers and IPv4 addresses from text."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lotl.kernel_cache import jit

NONE: Final = 0
READ: Final = 1
UNSURE: Final = 2


@jit(allocates=False)
def read_integers(buffer: Any, offsets: Any, numbers: Any, status: Any) -> None:
    """Read decimal integers of up to 18 digits; `UNSURE` marks what may be a number but is not that simple."""
    for value in range(offsets.size - 1):
        at, stop = offsets[value], offsets[value + 1]
        status[value] = NONE
        if at == stop:
            continue
        first = buffer[at]
        negative = first == 45
        if negative or first == 43:
            at += 1
        if at == stop or not (48 <= buffer[at] <= 57 or buffer[at] == 46):
            continue
        number = np.int64(0)
        digits = 0
        while at < stop and digits < 18 and 48 <= buffer[at] <= 57:
            number = number * 10 + np.int64(buffer[at] - 48)
            at += 1
            digits += 1
        if at < stop:
            status[value] = UNSURE
        else:
            numbers[value] = -number if negative else number
            status[value] = READ


@jit(allocates=False)
def read_ipv4(buffer: Any, offsets: Any, numbers: Any, status: Any) -> None:
    """Read dotted IPv4 addresses (four numbers to 255 without leading zeros); `UNSURE` marks what has a colon."""
    for value in range(offsets.size - 1):
        start, stop = offsets[value], offsets[value + 1]
        status[value] = NONE
        if stop - start > 100 or stop - start < 2:
            continue
        number, part, digits, parts = np.int64(0), 0, 0, 1
        good = True
        for at in range(start, stop):
            byte = buffer[at]
            if byte == 58:
                status[value] = UNSURE
                good = False
                break
            if byte == 46:
                good = good and digits > 0
                number = number << 8 | part
                part, digits, parts = 0, 0, parts + 1
            elif 48 <= byte <= 57 and digits < 3 and not (digits > 0 and part == 0):
                part = part * 10 + int(byte - 48)
                digits += 1
                good = good and part < 256
            else:
                good = False
        if good and parts == 4 and digits > 0:
            numbers[value] = number << 8 | part
            status[value] = READ
