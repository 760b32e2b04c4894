"""Rules in other languages: Arrow expressions, pandas code, readable plans.

All are written from the same condition that the engine evaluates, so that they mean the same; what a language cannot
express is refused, and the refusal names it. Columns are looked up under the rule's field names, exactly, then without
case, then without spaces; a null cell is a missing field. Conditions on the log source are included only where that is
asked for; otherwise all data that is given to the code is taken for what the log source names.
"""

from __future__ import annotations

from typing import Final

from lotl.errors import InputError
from lotl.sigma.model import Rule

FORMATS: Final = {
    "arrow": "function(schema) -> pyarrow.compute expression, for dataset and Parquet filters",
    "pandas": "function(df) -> boolean mask of a pandas DataFrame",
    "plan": "the condition as a readable tree",
}
"""Name → what it is."""


def convert(rule: Rule, form: str = "arrow", *, logsource: bool = False) -> str:
    """Write a rule in another language.

    Parameters
    ----------
    rule : Rule
    form : str
        One of `FORMATS`.
    logsource : bool
        Add conditions on Channel, Provider_Name and EventID that select the rule's log source.

    Returns
    -------
    str
        Python code that needs nothing but the library named, with the rule's own data in comments; text for ``plan``.

    Raises
    ------
    UnsupportedRule
        The language cannot express something in the rule, or no event log has its log source; the message says what.
    InputError
        There is no such form.

    Examples
    --------
    >>> from lotl.sigma.load import load
    >>> [rule] = load('''
    ... title: Discovery
    ... logsource: {product: windows, category: process_creation}
    ... detection:
    ...     tool: {Image|endswith: whoami.exe}
    ...     condition: tool
    ... ''')
    >>> import pandas as pd
    >>> scope = {}
    >>> exec(convert(rule, "pandas"), scope)
    >>> scope["discovery"](pd.DataFrame({"Image": ["C:\\\\WhoAmI.exe", None]})).tolist()
    [True, False]
    """
    if logsource:
        from lotl.convert.source import with_log_source

        rule = with_log_source(rule)
    if form == "arrow":
        from lotl.convert.arrow import ArrowWriter

        return ArrowWriter().rule(rule)
    if form == "pandas":
        from lotl.convert.pandas import PandasWriter

        return PandasWriter().rule(rule)
    if form == "plan":
        from lotl.convert.outline import outline

        return outline(rule)
    raise InputError(f"no such form: {form!r}", hint=f"one of {', '.join(FORMATS)}")
