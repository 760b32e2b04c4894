"""Networks as regular expressions: for query languages that have no addresses.

The expressions match exactly the texts that Python's `ipaddress` reads as an address of the network, IPv4 in IPv6
notation included, and use nothing that RE2 lacks.
"""

from __future__ import annotations

import ipaddress
from typing import Final

_MAPPED: Final = 0xFFFF << 32
_HEX: Final = "0123456789abcdef"
_SCOPE: Final = "(?:%[^%/]+)?"


def network_regex(network: str) -> tuple[str, str]:
    """Return (expression, exception): an address of `network` matches the first, as a whole, and not the second.

    The exception is ``""`` where there is none: it is needed only for IPv6 networks around IPv4 in IPv6 notation.

    Examples
    --------
    >>> import re
    >>> pattern, exception = network_regex("10.0.0.0/8")
    >>> texts = "10.1.2.3", "::ffff:10.9.9.9", "0:0::ffff:a09:909", "11.0.0.1", "10.1"
    >>> [bool(re.fullmatch(pattern, text)) for text in texts]
    [True, True, True, False, False]
    >>> exception
    ''
    """
    parsed = ipaddress.ip_network(network)
    base, length = int(parsed.network_address), parsed.prefixlen
    if parsed.version == 4:
        dotted = _dotted(_MAPPED | base, 96 + length)
        return f"{dotted}|{_ipv6(_MAPPED | base, 96 + length)}", ""
    around = parsed.supernet_of(ipaddress.IPv6Network((_MAPPED, 96)))
    return _ipv6(base, length), _ipv6(_MAPPED, 96) if around else ""


def _ipv6(base: int, length: int) -> str:
    """Return an expression for every spelling of the addresses of an IPv6 network."""
    groups = [_group(base, length, at) for at in range(8)]
    zero = [_may_be_zero(base, length, at) for at in range(8)]
    tails = [(8, groups), (6, [*groups[:6], _dotted(base, length)])]
    forms = []
    for count, parts in tails:
        forms.append(":".join(parts))
        for first in range(count):
            forms += [
                f"{':'.join(parts[:first])}::{':'.join(parts[last + 1 :])}"
                for last in range(first, count)
                if all(zero[first : last + 1])
            ]
    return f"(?:{'|'.join(forms)}){_SCOPE}"


def _bits(base: int, length: int, start: int, width: int) -> tuple[int, int]:
    """Return the lowest and the highest value that `width` bits from bit `start` of an address can have."""
    free = width - min(max(length - start, 0), width)
    lowest = (base >> (128 - start - width)) & ((1 << width) - 1) & ~((1 << free) - 1)
    return lowest, lowest | ((1 << free) - 1)


def _may_be_zero(base: int, length: int, at: int) -> bool:
    return _bits(base, length, 16 * at, 16)[0] == 0


def _group(base: int, length: int, at: int) -> str:
    """Return an expression for one group of 16 bits: up to four hex digits, leading zeros at will."""
    ranges = [_bits(base, length, 16 * at + 4 * digit, 4) for digit in range(4)]
    digits = [_digit(*bounds) for bounds in ranges]
    forms = ["".join(digits)]
    for dropped in range(1, 4):
        if ranges[dropped - 1][0] != 0:
            break
        forms.append("".join(digits[dropped:]))
    if all(bounds == (0, 15) for bounds in ranges):
        return "[0-9a-fA-F]{1,4}"
    return forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})"


def _digit(lowest: int, highest: int) -> str:
    chosen = _HEX[lowest : highest + 1]
    both = sorted(set(chosen + chosen.upper()))
    if len(both) == 22:
        return "[0-9a-fA-F]"
    return both[0] if len(both) == 1 else f"[{''.join(both)}]"


def _dotted(base: int, length: int) -> str:
    """Return an expression for the last 32 bits in dotted notation."""
    return r"\.".join(_octet(*_bits(base, length, start, 8)) for start in (96, 104, 112, 120))


def _octet(lowest: int, highest: int) -> str:
    if (lowest, highest) == (0, 255):
        return "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    return str(lowest) if lowest == highest else f"(?:{'|'.join(map(str, range(lowest, highest + 1)))})"
