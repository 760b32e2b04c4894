"""Everything that lotl raises or reports.

The tree::

    LotlError                 base: where, what, what to do
    ├── InputError            a path, log or frame cannot be used as input
    │   └── FormatError       the bytes are not what the format demands
    ├── RuleError             a rule, filter, correlation or pipeline is wrong
    │   └── UnsupportedRule   the rule is valid Sigma, but this data or version cannot evaluate it
    ├── OutputError           a result cannot be written
    └── MissingExtra          an optional package is needed; names the extra

Records, files and rules that are merely bad do not raise: they are kept as values of these classes (or as counts in a
`SourceAccount`) and shown. They raise only where the caller asked for ``strict``.
"""

from __future__ import annotations


class LotlError(Exception):
    """Base of all lotl errors.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str, optional
        File, line, rule id, field: the place as precisely as it is known.
    hint : str, optional
        What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.what}{advice}"

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling of exceptions (worker processes).
        return (_rebuild, (type(self), self.what, self.where, self.hint))


def _rebuild(cls: type[LotlError], what: str, where: str, hint: str) -> LotlError:
    return cls(what, where=where, hint=hint)


class InputError(LotlError):
    """A path, log or frame cannot be used as input."""


class FormatError(InputError):
    """The bytes are not what the format demands."""


class RuleError(LotlError):
    """A rule, filter, correlation or pipeline is wrong."""


class UnsupportedRule(RuleError):
    """A valid rule that cannot be evaluated here, with the reason."""


class OutputError(LotlError):
    """A result cannot be written."""


class MissingExtra(LotlError):
    """An optional package is not installed.

    Examples
    --------
    >>> str(MissingExtra.of("polars", "polars"))
    "this needs the package 'polars' (pip install 'lotl-hunt[polars]')"
    """

    @classmethod
    def of(cls, package: str, extra: str) -> MissingExtra:
        """Build the error for `package`, which the extra `extra` installs."""
        return cls(f"this needs the package '{package}'", hint=f"pip install 'lotl-hunt[{extra}]'")
