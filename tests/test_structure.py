"""The structure stays true: imports point one way, the public door is what it says, importing is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import lotl

from .conftest import ROOT

LAYERS = (
    # One line may import from lines above it and from its own, never from below. Longest match decides.
    ("lotl._version", "lotl.errors", "lotl.schema", "lotl.kernel_cache"),
    ("lotl.columns",),
    ("lotl.frame",),
    ("lotl.normalise.times", "lotl.normalise.records", "lotl.normalise.dialects"),
    ("lotl.sources",),
    ("lotl.normalise",),
    ("lotl.plan.ir", "lotl.match.text"),
    ("lotl.sigma.model",),
    ("lotl.match.reference",),
    ("lotl.sigma",),
    ("lotl.plan",),
    ("lotl.events",),
    ("lotl.reading",),
    ("lotl.match",),
    ("lotl.hits",),
    ("lotl.convert",),
    ("lotl.simulate",),
    ("lotl.hunt",),
    ("lotl.report",),
    ("lotl.scanning",),
    ("lotl.cli",),
    ("lotl.__main__",),
)


def _layer(module: str) -> int:
    matches = [
        (len(prefix), number)
        for number, line in enumerate(LAYERS)
        for prefix in line
        if module == prefix or module.startswith(f"{prefix}.")
    ]
    assert matches, f"{module} is in no layer"
    return max(matches)[1]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> list[str]:
    """Return imported lotl modules, those for type checking only left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "lotl":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [
                name if (ROOT / Path(*name.split("."))).exists() or _is_file(name) else node.module for name in names
            ]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] == "lotl"]
    return found


def _is_file(module: str) -> bool:
    return (ROOT / Path(*module.split(".")).with_suffix(".py")).exists()


def test_imports_point_upwards_only() -> None:
    wrong = [
        f"{_module(path)} imports {name}"
        for path in sorted((ROOT / "lotl").rglob("*.py"))
        if _module(path) != "lotl"
        for name in _imports(path)
        if name != "lotl" and _layer(name) > _layer(_module(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_public_names_exist_and_are_documented() -> None:
    assert len(lotl.__all__) == len(set(lotl.__all__))
    for name in lotl.__all__:
        value = getattr(lotl, name)
        assert name == "__version__" or value.__doc__, name
    assert set(dir(lotl)) == set(lotl.__all__)


def test_public_names_survive_their_modules() -> None:
    """A function of the door must not be shadowed by a module of the same name once that is imported."""
    code = (
        "import lotl, importlib, pkgutil\n"
        "for m in pkgutil.walk_packages(lotl.__path__, 'lotl.'):\n"
        "    if '__main__' not in m.name: importlib.import_module(m.name)\n"
        "assert all(callable(getattr(lotl, n)) for n in lotl.__all__ if n != '__version__')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_import_is_light() -> None:
    """`import lotl` loads none of the heavy packages; its cost is theirs."""
    code = "import sys, lotl; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    heavy = {"numpy", "pandas", "pyarrow", "numba", "sigma", "yaml", "rich", "click", "polars", "Evtx"}
    assert not heavy & set(run.stdout.split())


def test_files_fit_one_head() -> None:
    """Files stay within 400 lines (tables apart: a file that is mostly one literal)."""
    large = {
        str(path.relative_to(ROOT)): len(lines)
        for path in (ROOT / "lotl").rglob("*.py")
        if len(lines := path.read_text(encoding="utf-8").splitlines()) > 400
    }
    assert not large
