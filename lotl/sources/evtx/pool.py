"""Layout of the integer state of the parse kernels: what stands where in their array `pool`. Constants only.

One array for everything keeps the argument lists of kernels short, which keeps their calls cheap.
"""

from __future__ import annotations

from typing import Final

ODD: Final = -1
TEMPLATE: Final = 1
INLINE: Final = 2

# cursors, at the start of the pool: what has been used of each part of the state
SLOTS: Final = 0
AUX: Final = 1
CANON: Final = 2
SHAPES: Final = 3
WORDS: Final = 4
LAYOUTS: Final = 5
DEFINITIONS: Final = 6
# offsets into the pool
SIZES: Final = 16  # bytes of a value by type (of an array: of an item), or one of the next three
ANY: Final = -4
EVEN: Final = -2
SPECIAL: Final = -1  # see _word; unknown types too
DEFINED: Final = 512  # by offset of the definition: index into the definitions
SHAPE_ENDS: Final = DEFINED + 65536
MAX_SHAPES: Final = 32768
SHAPE_TABLE: Final = SHAPE_ENDS + MAX_SHAPES
SHAPE_MASK: Final = 2 * MAX_SHAPES - 1
LAYOUT_ENDS: Final = SHAPE_TABLE + 2 * MAX_SHAPES
MAX_LAYOUTS: Final = 65536
LAYOUT_TABLE: Final = LAYOUT_ENDS + MAX_LAYOUTS
LAYOUT_MASK: Final = 2 * MAX_LAYOUTS - 1
WORD: Final = LAYOUT_TABLE + 2 * MAX_LAYOUTS
MAX_WORDS: Final = 1 << 21
DEFINITION: Final = WORD + MAX_WORDS  # three words each: chunk, offset, shape; to the end of the pool

MAX_DEPTH: Final = 40
MAX_NAME: Final = 512
MAX_CANONICAL: Final = 65536
"""Bytes of one canonical form; longer ones are left to the complete reader."""
MAX_VALUES: Final = 4096
TEXT_RUN: Final = 0xF0
TEXT_BLANK: Final = 0xF1
PRIME: Final = 0x9E3779B97F4A7C15
FRAGMENT: Final = 0x0001010F
