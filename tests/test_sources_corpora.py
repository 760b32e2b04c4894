"""Public data sets in exporters' shapes: everything is read, nothing twice; the JSON of a log hits as the log does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import lotl
from lotl.sources.discover import discover

OTRF = {
    # archive: lines of its log, all of them sound
    "cmd_disable_eventlog_service_startuptype_modification_via_registry.zip": 7_491,
    "cmd_dumping_ntds_dit_file_ntdsutil.zip": 11_184,
    "cmd_dumping_ntds_dit_file_volume_shadow_copy.zip": 16_843,
    "cmd_psexec_lsa_secrets_dump.zip": 286,
    "cmd_sharpview_pcre_net.zip": 267,
    "covenant_persistwmi.tar.gz": 1_001,
    "empire_enable_rdp.tar.gz": 2_668,
    "psh_lsass_memory_dump_comsvcs.zip": 184,
    "schtask_modification.zip": 2_657,
    "wmic_remote_xsl_jscript.zip": 1_364,
}


def test_all_of_otrf_is_read(shared: Path) -> None:
    hits = lotl.scan(shared / "data" / "otrf")
    members = [account for account in hits.run.accounts if "!" in account.name]
    assert {account.name.partition("!")[0]: account.records for account in members} == OTRF
    assert not [account.name for account in hits.run.accounts if account.damaged]
    assert "LICENSE" in hits.run.skipped
    fired = {row["source_file"].partition("!")[0] for row in hits.table.select(["source_file"]).to_pylist()}
    # what the archives are named for is seen; the two 4688-free ones have hits of other kinds
    assert fired >= {"cmd_dumping_ntds_dit_file_ntdsutil.zip", "psh_lsass_memory_dump_comsvcs.zip"}


def test_regression_folder_is_read_once(shared: Path) -> None:
    found = discover([shared / "data" / "sigma" / "regression_data"])
    assert {account.format for account in found.accounts} == {"evtx"}
    assert len(found.accounts) == 202
    assert len([name for name in found.skipped if "(beside " in name]) >= 202


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    """These JSON files were tidied up by hand: blanks at ends of values are gone."""
    return {
        name: value.rstrip() if isinstance(value, str) else value
        for name, value in event.items()
        if name != "Provider_Guid"
    }


def test_json_of_a_log_hits_as_the_log_does(shared: Path, tmp_path: Path) -> None:
    """The regression logs come as EVTX and as evtx_dump JSON: equal values, equal hits."""
    folder = shared / "data" / "sigma" / "regression_data" / "rules" / "windows" / "process_creation"
    if not folder.is_dir():
        pytest.skip("these logs are not here")
    logs = sorted(folder.rglob("*.evtx"))[:60]
    for log in logs:
        shutil.copyfile(log.with_suffix(".json"), tmp_path / f"{log.stem}.json")
    one, other = lotl.read(logs), lotl.read(tmp_path)
    wanted = {account.name.partition(".")[0]: account.records for account in one.accounts}
    got = {account.name.partition(".")[0]: account.records for account in other.accounts}
    # some of these JSON files hold the record of interest only
    assert all(got[name] <= count for name, count in wanted.items())
    assert not [account.name for account in other.accounts if account.damaged]
    rows = {(event["EventRecordID"], event["Computer"]): comparable(event) for event in one}
    compared = 0
    for event in other:
        twin = rows.get((event["EventRecordID"], event["Computer"]))
        if twin is not None:
            assert comparable(event) == twin
            compared += 1
    assert compared >= len(logs) - 5
