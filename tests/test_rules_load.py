"""Loading: every document ends in exactly one state, with file, line and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lotl.errors import InputError, RuleError
from lotl.sigma.load import load
from lotl.sigma.model import State

RULE = """title: {title}
id: {id}
status: test
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\{title}.exe'
    condition: selection
level: low
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTL_CACHE_DIR", str(tmp_path / "cache"))


def rule(title: str = "tool", number: int = 1, **replaced: str) -> str:
    text = RULE.format(title=title, id=f"5f0c1a52-0000-4000-8000-{number:012d}")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_text_file_folder_and_mapping_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(rule(), encoding="utf-8")
    import yaml

    mapping: dict[str, Any] = yaml.safe_load(rule())
    nodes = [
        load(source).rules[0].node for source in (rule(), tmp_path / "a.yml", str(tmp_path), mapping, "---\n" + rule())
    ]
    assert all(node == nodes[0] for node in nodes)


def test_metadata_path_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    text = rule("a", 1) + "---\n" + rule("b", 2, low="low\nauthor: Me\ntags:\n    - attack.T1059\ndate: 2024-01-02")
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    first, second = load(tmp_path).rules
    assert first.meta.path == f"{tmp_path.as_posix()}/deep/er/x.yaml"
    assert (first.meta.line, second.meta.line) == (1, 13)
    assert (second.meta.author, second.meta.tags, second.meta.date) == ("Me", ("attack.t1059",), "2024-01-02")
    assert (second.meta.level, second.meta.status) == ("low", "test")


def test_order_is_that_of_sources_and_paths(tmp_path: Path) -> None:
    for number, name in enumerate(["b.yml", "a/z.yml", "a/b/c.yml", "B.yml"]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rule(f"t{number}", number), encoding="utf-8")
    titles = [each.meta.title for each in load(rule("first", 99), tmp_path).rules]
    assert titles == ["first", "t3", "t0", "t1", "t2"]


@pytest.mark.parametrize(
    ("broken", "line", "says"),
    [
        (rule().replace("|endswith", "|bogus"), 9, "unknown modifier 'bogus'"),
        (rule().replace("condition: selection", "condition: (selection"), 10, "')' is missing"),
        (rule().replace("condition: selection", "condition: selection | count() > 5"), 10, "aggregation"),
        (rule().replace("    condition: selection\n", ""), 7, "no condition"),
        (rule().replace("|endswith: '\\tool.exe'", "|re: '['"), 9, "invalid regular expression"),
        (rule().replace("level: low", "level: lowish"), 11, "lowish"),
        (rule().replace("status: test", "status: done"), 3, "done"),
        (rule().replace("title: tool\n", ""), 1, "title"),
        (rule().replace("    product: windows\n    category: process_creation\n", "    definition: x\n"), 4, "empty"),
        (rule().replace("title: tool", "title: tool\ntitle: other"), 1, "repeated key 'title'"),
        (rule().replace("        Image", "       \tImage"), 1, "cannot start any token"),
    ],
)
def test_invalid_rules_are_located_and_the_next_one_runs(tmp_path: Path, broken: str, line: int, says: str) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(broken + "---\n" + rule("fine", 2), encoding="utf-8")
    found = load(path)
    assert [each.meta.title for each in found.rules] == ["fine"]
    (issue,) = found.errors
    assert issue.state is State.INVALID
    assert says in issue.what
    assert issue.where.startswith(f"{path.as_posix()}:{line}")
    assert found.counts()["invalid"] == 1


def test_strict_raises_the_first_invalid_rule() -> None:
    with pytest.raises(RuleError, match="bogus"):
        load(rule() + "---\n" + rule("b", 2).replace("|endswith", "|bogus"), strict=True)
    load(rule(process_creation="nonsense"), strict=True)  # unsupported is not invalid


def test_list_positions_are_located() -> None:
    text = rule().replace("Image|endswith: '\\tool.exe'", "Image|gt:\n            - 1\n            - x")
    (issue,) = load(text).errors
    assert issue.where == "text:11 detection.selection.Image|gt[1]"


def test_repeated_ids(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(rule("one"), encoding="utf-8")
    (tmp_path / "b.yml").write_text(rule("two"), encoding="utf-8")
    (tmp_path / "c.yml").write_text(rule("one"), encoding="utf-8")
    found = load(tmp_path)
    assert [each.meta.title for each in found.rules] == ["one"]
    (issue,) = found.errors
    assert "belongs to another rule" in issue.what and "a.yml:1" in issue.what and "b.yml:2" in issue.where
    (warning,) = found.warnings
    assert "used once" in warning.what and "c.yml" in warning.where


def test_rules_without_id_get_one_of_their_own() -> None:
    text = "".join(
        "---\n" + rule("same", 1).replace("id: 5f0c1a52-0000-4000-8000-000000000001\n", "") for _ in range(3)
    )
    assert [each.meta.id for each in load(text).rules] == ["same", "same #2", "same #3"]


def test_what_is_no_sigma_is_skipped_in_folders_and_named_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "ok.yml").write_text(rule(), encoding="utf-8")
    (tmp_path / "ci.yml").write_text("on: push\njobs: {a: {steps: []}}\n", encoding="utf-8")
    (tmp_path / "list.yml").write_text("- 1\n- 2\n", encoding="utf-8")
    (tmp_path / "helm.yml").write_text("a: {{ .Values.x }}\n", encoding="utf-8")
    (tmp_path / "readme.md").write_text("detection:", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yml").write_text(rule("hidden", 7), encoding="utf-8")
    found = load(tmp_path)
    assert (len(found.rules), found.errors, found.skipped) == (1, [], 3)
    for sought in (tmp_path / "ci.yml", {"a": 1}, "a: 1\nb: 2\n"):
        (issue,) = load(sought).errors
        assert issue.state is State.INVALID and "no Sigma" in issue.what
    (tmp_path / "broken.yml").write_text("title: x\ndetection:\n  a: [\n", encoding="utf-8")
    (issue,) = load(tmp_path).errors
    assert "broken.yml:1" in issue.where and "YAML" in issue.what


def test_missing_sources_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such rule file"):
        load(tmp_path / "nowhere.yml")
    with pytest.raises(InputError):
        load(5)  # type: ignore[arg-type]


def test_unsupported_rules_are_kept_for_data_without_log_sources() -> None:
    found = load(rule(process_creation="no_such_category") + "---\n" + rule("b", 2, windows="test"))
    assert [each.selectors for each in found.rules] == [(), ()]
    assert [(issue.state, issue.what) for issue in found.errors] == [
        (State.UNSUPPORTED, "unknown category 'no_such_category'"),
        (State.UNSUPPORTED, "product 'test' is not Windows"),
    ]
    assert found.errors[0].where == "text:4 logsource"
    assert found.counts()["loaded"] == 0 and found.counts()["unsupported"] == 2


def test_placeholders() -> None:
    text = rule().replace("Image|endswith: '\\tool.exe'", "User|expand: '%Admins%'")
    (issue,) = load(text).errors
    assert issue.state is State.UNSUPPORTED and "%Admins%" in issue.what
    found = load(text, placeholders={"Admins": "root"})
    assert len(found.rules) == 1 and found.placeholders == {"Admins": ["root"]}


def test_doubts_are_warnings() -> None:
    text = rule().replace("    condition", "    spare:\n        A: 0x17\n    condition").replace("5f0c1a52-", "")
    what = [issue.what for issue in load(text).warnings]
    assert any("0x17 is the number 23" in each for each in what)
    assert any("does not use the detection 'spare'" in each for each in what)
    assert any("UUID" in each for each in what)


def test_numbers_and_dates_of_yaml() -> None:
    text = rule().replace("Image|endswith: '\\tool.exe'", "A: 18446744073709551615\n        B: 2024-01-01")
    node = load(text).rules[0].node
    assert [child.atom.value for child in node.children] == [18446744073709551615, "2024-01-01"]  # type: ignore[union-attr]


def test_collections_of_sigma_1() -> None:
    text = (
        "action: global\nlogsource: {product: windows, category: process_creation}\nlevel: high\n---\n"
        "title: a\ndetection: {s: {A: x}, condition: s}\n---\ntitle: b\ndetection: {s: {A: y}, condition: s}\n"
        "---\naction: repeat\ntitle: c\n---\naction: reset\n---\ntitle: d\ndetection: {s: {A: x}, condition: s}\n"
    )
    found = load(text)
    assert [each.meta.title for each in found.rules] == ["a", "b", "c"]
    assert [each.meta.level for each in found.rules] == ["high"] * 3
    assert found.rules[1].node == found.rules[2].node
    assert [issue.rule for issue in found.errors] == ["d"]


def test_time_windows_of_sigma_1_are_no_detection() -> None:
    text = rule().replace("    condition: selection", "    timeframe: 5m\n    condition: all of them")
    assert load(text).rules[0].node == load(rule()).rules[0].node


@pytest.mark.parametrize(
    "evil",
    [
        b"a: [" * 50_000,
        b"- " * 50_000,
        b"? " * 50_000,
        b"\xff\xfe" + "[".encode("utf-16-le") * 50_000,
        b"\n".join(b" " * depth + b"a:" for depth in range(2000)),
        b"a: &a [*a]\n",
        b"\x00\x01\x02",
        b"\xff\xfe\xff",
        b"a: !!python/object/apply:os.system [id]\n",
        b"title: x\ndetection: " + b"x" * (9 << 20),
        b"d: &d [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"d%d: &d%d [%s]\n" % (n, n, b",".join([b"*d%d" % (n - 1) if n else b"*d"] * 10)) for n in range(9))
        + b"detection: {a: *d8, condition: a}\ntitle: bomb\nlogsource: {product: windows}\n",
    ],
    ids=range(11),
)
def test_hostile_yaml_ends_as_an_issue(tmp_path: Path, evil: bytes) -> None:
    (tmp_path / "evil.yml").write_bytes(evil)
    (tmp_path / "good.yml").write_text(rule(), encoding="utf-8")
    found = load(tmp_path / "evil.yml", tmp_path / "good.yml")
    assert len(found.rules) == 1
    assert len(found.errors) == 1 and "evil.yml" in found.errors[0].where
    assert len(found.errors[0].what) < 1000


def test_many_broken_documents_in_one_file_take_linear_time() -> None:
    broken = rule().replace("|endswith", "|" + "x" * 900)
    text = "---\n".join(broken.replace("000000000001", f"{number:012}") for number in range(1500))
    found = load(text)
    assert len(found.errors) == 1500
    assert [issue.where.partition(" ")[0] for issue in found.errors[:3]] == ["text:9", "text:21", "text:33"]
    assert max(len(str(issue)) for issue in found.errors) < 2500


@pytest.mark.parametrize(
    "odd",
    [
        {"title": 5},
        {"title": ["x"]},
        {"id": 5},
        {"id": ["x"]},
        {"tags": {"a": 1}},
        {"tags": [1, None, ["x"]]},
        {"level": 5},
        {"status": ["test"]},
        {"references": "x"},
        {"author": ["x"]},
        {"related": [{"id": 5, "type": "x"}]},
        {"date": 5},
        {"logsource": []},
        {"logsource": {"product": 5}},
        {"logsource": None},
        {"detection": []},
        {"detection": "x"},
        {5: 6},
        {None: None},
    ],
    ids=str,
)
def test_odd_types_never_raise(odd: dict[Any, Any]) -> None:
    base: dict[Any, Any] = {
        "title": "t",
        "logsource": {"product": "windows", "service": "security"},
        "detection": {"s": {"A": "x"}, "condition": "s"},
    }
    found = load({**base, **odd})
    assert len(found.rules) + len(found.errors) == 1
    json.dumps([str(issue) for issue in found.errors])


def test_conformance_invalid_rules_are_rejected_with_a_reason(shared: Path) -> None:
    for line in (shared / "conformance" / "invalid_rules.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        found = load(case["rule"])
        assert not found.rules, case["name"]
        assert [issue.state for issue in found.errors] == [State.INVALID], case["name"]
        assert found.errors[0].what and found.errors[0].where.startswith("text:"), case["name"]


def test_a_rule_does_not_depend_on_its_company() -> None:
    alone = load(rule("b", 2)).rules[0]
    company = load(rule("a", 1) + "---\n" + rule("b", 2).replace("title: b", "title: b") + "---\n" + rule("c", 3))
    assert company.rules[1].node == alone.node and company.rules[1].selectors == alone.selectors
