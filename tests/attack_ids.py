"""ATT&CK v19 identifiers that the pack may use: checked by hand, so that the check of tags needs no network.

A rule with a new identifier adds it here after a look at attack.mitre.org.
"""

from __future__ import annotations

TACTICS = frozenset(
    """
    reconnaissance resource-development initial-access execution persistence privilege-escalation
    stealth defense-impairment credential-access discovery lateral-movement collection
    command-and-control exfiltration impact
    """.split()
)
"""Short names of all enterprise tactics."""

TECHNIQUES = frozenset(
    """
    t1003 t1003.001 t1003.002 t1003.003 t1003.004 t1003.006 t1005 t1006 t1007 t1012 t1016 t1016.001
    t1018 t1021 t1021.001 t1021.002 t1021.003 t1021.006 t1027.010 t1027.011 t1033 t1036 t1036.003
    t1036.005 t1036.008 t1037.001 t1039 t1046 t1047 t1048 t1049 t1053.005 t1055 t1055.001 t1055.003
    t1055.012 t1056.001 t1057 t1059 t1059.001 t1059.003 t1059.007 t1069.001 t1069.002 t1070 t1070.003
    t1070.004 t1071.001 t1074.001 t1078 t1078.002 t1082 t1083 t1087.001 t1087.002 t1090 t1090.001 t1095
    t1098.007 t1105 t1110 t1110.003 t1112 t1124 t1127.001 t1135 t1136.001 t1136.002 t1140 t1189 t1190
    t1197 t1202 t1204.002 t1217 t1218 t1218.005 t1218.009 t1218.010 t1218.011 t1219.001 t1220 t1482
    t1489 t1497.001 t1505.003 t1518 t1518.001 t1543.003 t1546.003 t1546.007 t1546.008 t1546.010
    t1546.012 t1546.013 t1546.015 t1547.001 t1547.004 t1547.005 t1550.002 t1550.003 t1552.001 t1552.002
    t1552.004 t1555.003 t1556.002 t1558.003 t1560.001 t1564.003 t1564.004 t1566.001 t1566.002 t1567
    t1569.002 t1570 t1571 t1572 t1573 t1574.001 t1590.002 t1620 t1654 t1680 t1685 t1685.001 t1685.005
    t1686.003
    """.split()
)
"""Techniques and sub-techniques."""

SOFTWARE = frozenset(
    """
    s0002 s0029
    """.split()
)
"""Tools."""
