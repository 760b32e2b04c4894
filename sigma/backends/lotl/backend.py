"""The backend that pySigma finds: a thin cover of `lotl.convert`."""

from __future__ import annotations

from abc import update_abstractmethods
from collections.abc import Callable
from typing import Any, ClassVar

from sigma.conversion.base import Backend
from sigma.exceptions import SigmaError, SigmaFeatureNotSupportedByBackendError
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule


class LotlBackend(Backend):
    """Sigma rules as code for pyarrow and pandas, with the semantics of lotl."""

    name: ClassVar[str] = "Python: Arrow filters, pandas masks (lotl)"
    identifier: ClassVar[str] = "lotl"
    formats: ClassVar[dict[str, str]] = {
        "default": "The same as arrow",
        "arrow": "Python function that returns a pyarrow.compute expression, to filter datasets and Parquet files",
        "pandas": "Python function that returns a boolean mask of a pandas DataFrame",
        "plan": "Condition as a readable tree",
    }

    def __init__(
        self,
        processing_pipeline: ProcessingPipeline | None = None,
        collect_errors: bool = False,
        logsource: bool | str = False,
    ) -> None:
        """Make a backend.

        Parameters
        ----------
        processing_pipeline : ProcessingPipeline, optional
        collect_errors : bool
        logsource : bool or str
            Add conditions on Channel and EventID for the rule's log source (``-O logsource=true``).
        """
        super().__init__(processing_pipeline, collect_errors)
        self._logsource = str(logsource).lower() in ("true", "yes", "1")

    def convert_rule(
        self, rule: SigmaRule, output_format: str | None = None, callback: Callable[..., Any] | None = None
    ) -> list[Any]:
        """Convert one rule.

        Raises
        ------
        SigmaFeatureNotSupportedByBackendError
            The format cannot express the rule; the message says what it lacks. Collected with `collect_errors`.
        """
        form = output_format or self.default_format
        try:
            result = self._written(rule, form)
        except SigmaError as error:
            return self._refused(rule, error)
        if callback is not None:
            result = callback(rule, form, 0, rule.detection.parsed_condition[0], result)
        queries = [] if result is None else [result]
        rule.set_conversion_result(queries)
        return queries if rule._output else []

    def convert_correlation_rule(
        self,
        rule: Any,
        output_format: str | None = None,
        method: str | None = None,
        callback: Callable[..., Any] | None = None,
    ) -> list[Any]:
        """Refuse a correlation: it is about many rows, and these formats look at each by itself."""
        reason = f"correlation ({rule.type.name.lower()}): these formats filter single events; run it with 'lotl scan'"
        return self._refused(rule, _refusal(rule, reason))

    def finalize_output_arrow(self, queries: list[Any]) -> Any:
        """Return the functions."""
        return queries

    def finalize_output_pandas(self, queries: list[Any]) -> Any:
        """Return the functions."""
        return queries

    def finalize_output_plan(self, queries: list[Any]) -> Any:
        """Return the plans."""
        return queries

    def _written(self, rule: SigmaRule, form: str) -> str:
        from lotl.convert import convert
        from lotl.convert.sigma_rules import read_rule
        from lotl.errors import LotlError

        if not hasattr(self, "last_processing_pipeline"):
            self.init_processing_pipeline(form)
        try:
            known = read_rule(rule, self.last_processing_pipeline)
            return convert(known, "arrow" if form == "default" else form, logsource=self._logsource)
        except LotlError as error:
            raise _refusal(rule, f"{form}: {error}") from error

    def _refused(self, rule: Any, error: SigmaError) -> list[Any]:
        if not self.collect_errors:
            raise error
        self.errors.append((rule, error))
        return []


def _refusal(rule: Any, reason: str) -> SigmaError:
    # SigmaConversionError would print the whole parsed rule.
    return SigmaFeatureNotSupportedByBackendError(f"{rule.title} ({rule.id}): {reason}", source=rule.source)


def _whole_rules_only(self: LotlBackend, *_: Any, **__: Any) -> Any:
    raise SigmaFeatureNotSupportedByBackendError("lotl converts whole rules")


# pySigma asks for a method per part of a condition; `convert_rule` never comes to them.
for _name in LotlBackend.__abstractmethods__:
    setattr(LotlBackend, _name, _whole_rules_only)
update_abstractmethods(LotlBackend)
