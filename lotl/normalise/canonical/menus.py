"""Menus of netsh and ntdsutil: words by context, in the order in which a beginning is resolved. Tables only.

From the tools' own help (``netsh interface portproxy ?``, ``ntdsutil ifm help`` …).
"""

# ruff: noqa: E501
from __future__ import annotations

from typing import Any, Final

_PROXY_TAGS: Final = {
    "v4": ("listenport", "connectaddress", "connectport", "listenaddress", "protocol"),
    "delete": ("listenport", "listenaddress", "protocol"),
}
_PROXY: Final = ("v4tov4", "v4tov6", "v6tov4", "v6tov6")
_RULE: Final = (
    "name", "dir", "action", "program", "service", "description", "enable", "profile", "localip", "remoteip",
    "localport", "remoteport", "protocol", "interfacetype", "rmtcomputergrp", "rmtusrgrp", "edge", "security", "new",
    "verbose",
)  # fmt: skip
_ADDRESS: Final = ("name", "source", "address", "mask", "gateway", "gwmetric", "type", "store", "register", "validate")

_PORTPROXY: Final[dict[str, Any]] = {
    "add": dict.fromkeys(_PROXY, _PROXY_TAGS["v4"]),
    "delete": dict.fromkeys(_PROXY, _PROXY_TAGS["delete"]),
    "dump": {},
    "help": {},
    "reset": {},
    "set": dict.fromkeys(_PROXY, _PROXY_TAGS["v4"]),
    "show": {"all": {}, **{kind: {} for kind in _PROXY}},
}
_IP: Final[dict[str, Any]] = {
    "add": {"address": _ADDRESS, "dnsservers": ("name", "address", "index"), "neighbors": {}, "route": {}},
    "delete": {"address": _ADDRESS, "arpcache": {}, "dnsservers": {}, "neighbors": {}, "route": {}},
    "dump": {},
    "reset": {},
    "set": {"address": _ADDRESS, "dnsservers": {}, "interface": {}, "global": {}},
    "show": {"addresses": {}, "config": {}, "dnsservers": {}, "excludedportrange": {}, "interfaces": {}, "neighbors": {},
             "route": {}, "tcpconnections": {}, "tcpstats": {}, "udpconnections": {}},
}  # fmt: skip
_PROFILES: Final = ("allprofiles", "currentprofile", "domainprofile", "global", "privateprofile", "publicprofile")
_PROFILE: Final[dict[str, Any]] = {"state": {}, "firewallpolicy": {}, "settings": {}, "logging": {}}
_OLD: Final = ("program", "name", "mode", "scope", "addresses", "profile")

NETSH: Final[dict[str, Any]] = {
    "interface": {
        "ip": _IP, "ipv4": _IP, "ipv6": _IP, "portproxy": _PORTPROXY, "set": {"interface": {}}, "show": {"interface": {}},
        "tcp": {}, "teredo": {}, "udp": {}, "6to4": {}, "isatap": {}, "httpstunnel": {}, "dump": {},
    },
    "advfirewall": {
        "firewall": {"add": {"rule": _RULE}, "delete": {"rule": _RULE}, "set": {"rule": _RULE}, "show": {"rule": _RULE}},
        "consec": {}, "dump": {}, "export": {}, "import": {}, "mainmode": {}, "monitor": {}, "reset": {},
        "set": dict.fromkeys(_PROFILES, _PROFILE),
        "show": dict.fromkeys(_PROFILES, _PROFILE),
    },
    "firewall": {
        "add": {"allowedprogram": _OLD, "portopening": ("protocol", "port", *_OLD)},
        "delete": {"allowedprogram": _OLD, "portopening": ("protocol", "port", *_OLD)},
        "set": {"opmode": ("mode", "exceptions", "profile", "interface"), "service": ("type", "mode"), "logging": {},
                "allowedprogram": _OLD, "portopening": ("protocol", "port", *_OLD)},
        "show": {"allowedprogram": {}, "config": {}, "currentprofile": {}, "logging": {}, "opmode": {}, "portopening": {},
                 "service": {}, "state": {}},
        "reset": {},
    },
    "winhttp": {"show": {"proxy": {}}, "set": {"proxy": ("proxy-server", "bypass-list")}, "reset": {"proxy": {}},
                "import": {"proxy": {}}},
    "wlan": {"show": {"profiles": ("name", "interface", "key"), "interfaces": {}, "networks": {}, "drivers": {}},
             "export": {"profile": ("name", "folder", "interface", "key")}, "add": {"profile": ()},
             "connect": {}, "disconnect": {}, "delete": {}, "set": {}},
    "trace": {"start": ("capture", "tracefile", "maxsize", "report", "scenario", "level", "overwrite", "persistent"),
              "stop": {}, "show": {}, "convert": {}},
    "winsock": {"reset": {}, "show": {"catalog": {}}},
    "http": {"add": {"urlacl": (), "sslcert": (), "iplisten": ()}, "delete": {"urlacl": (), "sslcert": ()},
             "show": {"urlacl": {}, "sslcert": {}, "servicestate": {}}},
    "rpc": {}, "ras": {}, "lan": {"show": {"profiles": {}, "interfaces": {}}}, "ipsec": {}, "dhcpclient": {}, "dnsclient": {},
    "bridge": {}, "branchcache": {}, "namespace": {}, "nap": {}, "netio": {}, "p2p": {}, "mbn": {}, "wfp": {},
    "add": {"helper": ()}, "delete": {"helper": ()}, "show": {"helper": {}, "alias": {}}, "exec": {}, "dump": {}, "help": {},
}  # fmt: skip
"""Contexts of netsh. A dict holds the words that may follow; a tuple the names of ``name=value`` arguments, in the order
that they have without names."""

POSITIONAL: Final = frozenset({"v4tov4", "v4tov6", "v6tov4", "v6tov6"})
"""Commands of which arguments without a name are given theirs."""

NTDSUTIL: Final[dict[str, tuple[str, ...]]] = {
    "": (
        "activate instance", "authoritative restore", "change service account", "configurable settings", "ds behavior",
        "files", "group membership evaluation", "help", "ifm", "ldap policies", "ldap port", "list instances",
        "local roles", "metadata cleanup", "partition management", "popups", "quit", "roles",
        "security account management", "semantic database analysis", "set dsrm password", "snapshot", "ssl port",
    ),
    "ifm": (
        "create full nodefrag", "create full", "create rodc", "create sysvol full nodefrag", "create sysvol full",
        "create sysvol rodc", "help", "quit",
    ),
    "snapshot": ("activate instance", "create", "delete", "help", "list all", "list mounted", "mount", "quit", "unmount"),
    "files": ("checksum", "compact to", "header", "help", "info", "integrity", "move db to", "move logs to", "quit", "recover"),
    "set dsrm password": ("help", "quit", "reset password on server", "sync from domain account"),
}  # fmt: skip
"""Menus of ntdsutil; a name that is a menu itself is entered. Each word may be cut to a beginning."""

NTDSUTIL_TAKES: Final = frozenset(
    {"activate instance", "create full", "create rodc", "create sysvol full", "create sysvol rodc", "delete", "mount",
     "unmount", "create full nodefrag", "create sysvol full nodefrag", "move db to", "move logs to", "compact to",
     "reset password on server", "sync from domain account"}
)  # fmt: skip
"""Menu entries that take a word more."""
