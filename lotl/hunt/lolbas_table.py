"""Native Windows tools that serve administrators and intruders: a table, and nothing else.

One line per tool, fields separated by ``|``: names with the OriginalFileName of the version resource (more than one
where Windows versions differ; ``-`` where it is the file name), folders, what administrators do with it, what
intruders do with it, usual parents, who needs it (``admin``: hardly anybody else; ``all``), ATT&CK techniques.
OriginalFileName is compared without case. Folders: ``s`` System32 and SysWOW64, ``o`` System32 only, ``w`` Windows,
``b`` System32\\wbem (and SysWOW64), ``p`` the folder of Windows PowerShell, ``n`` .NET Framework, ``h`` System32\\OpenSSH,
``d`` Defender, ``i`` inetsrv, ``f`` Program Files, ``*`` anywhere.
Parents: ``shell`` cmd and PowerShell, ``svc`` services, svchost and task engines, ``user`` explorer, ``agent``
management agents, ``inst`` installers; anything else is a file name.
"""

# ruff: noqa: E501
from __future__ import annotations

from typing import Final

TOOLS: Final = r"""
arp.exe | - | s | reads the ARP cache | finds neighbours without scanning | shell agent | all | T1016 T1018
at.exe | - | s | schedules jobs on old systems | runs commands later or on other machines as SYSTEM | shell | admin | T1053.002
atbroker.exe | - | s | starts assistive technologies | starts a program registered as an assistive technology | winlogon.exe user | all | T1218
attrib.exe | - | s | shows and sets file attributes | hides staged files | shell inst | all | T1564.001
auditpol.exe | AUDITPOL.EXE | s | reads and sets audit policy | switches auditing off, or reads what is recorded | shell agent | admin | T1685.001 T1082
bash.exe | - | o | opens the default Linux subsystem | runs commands beyond the view of process rules | user shell | all | T1202
bcdedit.exe | - | o | edits boot configuration | turns recovery or safe mode on or off | shell inst | admin | T1490 T1562.009
bitsadmin.exe | - | s | manages background transfers | downloads, or starts a program when a job ends | shell agent | admin | T1197 T1105
cacls.exe | CACLS.EXE | s | edits permissions (old form) | opens files and folders to everyone | shell inst | admin | T1222.001
certreq.exe | CertReq.exe | s | asks for and accepts certificates | sends or fetches files over HTTP | shell svc | admin | T1105 T1048
certutil.exe | CertUtil.exe | s | manages certificates and stores | downloads, decodes and encodes files | shell agent | admin | T1105 T1140 T1027.013
cipher.exe | - | s | encrypts files, wipes free space | destroys what deleted files left behind | shell | admin | T1485 T1070.004
clip.exe | - | s | puts text into the clipboard | moves output out of a session | shell | all | T1115
cmd.exe | Cmd.Exe | s | runs commands and batch files | hands on commands, nests and disguises them | user shell svc agent inst | all | T1059.003
cmdkey.exe | - | s | keeps credentials for remote machines | lists or plants stored credentials | shell user | all | T1003.005 T1555.004
cmstp.exe | CMSTP.EXE | s | installs connection profiles | runs scripts from a crafted profile without a prompt | inst | all | T1218.003
conhost.exe | CONHOST.EXE | o | draws the window of console programs | starts a command without a window | csrss.exe shell svc | all | T1202 T1564.003
control.exe | CONTROL.EXE | s | opens the control panel | loads a library as a control panel item | user | all | T1218.002
cscript.exe | cscript.exe | s | runs scripts in a console | runs downloaded or planted scripts | shell svc agent | all | T1059.005 T1059.007
csvde.exe | - | s | exports directory objects as CSV | copies the directory for later targeting | shell | admin | T1087.002 T1018
curl.exe | - | s | transfers data over many protocols | fetches tools, sends out files, asks for the public address | shell | all | T1105 T1048 T1016
dcdiag.exe | - | s | tests domain controllers | learns the layout of the domain | shell agent | admin | T1018 T1482
diskpart.exe | diskpart.exe | s | partitions disks | attaches images and hidden volumes | shell inst | admin | T1561 T1006
diskshadow.exe | diskshadow.exe | o | makes and exposes shadow copies | exposes a shadow copy to read ntds.dit, runs scripts | shell | admin | T1003.003 T1202
dism.exe | DISM.EXE | s | services Windows images | removes features such as Defender | shell inst agent | admin | T1685
dllhost.exe | dllhost.exe | s | hosts COM objects | hosts injected code; stands in for odd COM use | svc | all | T1055 T1559.001
dnscmd.exe | - | s | manages DNS servers | lists zones, loads a library into the DNS service | shell | admin | T1018 T1543.003
driverquery.exe | drvqry.exe | s | lists drivers | finds security products and weak drivers | shell agent | all | T1082 T1518.001
dsacls.exe | dsacls.exe | s | edits permissions of directory objects | gives itself rights in the directory, guesses passwords | shell | admin | T1222.001 T1098
dsget.exe | dsget.exe | s | shows directory objects | reads group members | shell | admin | T1087.002 T1069.002
dsquery.exe | dsquery.exe | s | searches the directory | lists computers, users and trusts | shell agent | admin | T1087.002 T1018 T1482
esentutl.exe | - | s | repairs and copies ESE databases | copies ntds.dit or browser data though they are open | shell | admin | T1003.003 T1006 T1105
eventcreate.exe | evcreate.exe | s | writes an event | floods or fakes logs | shell agent | admin | T1685.005
eventvwr.exe | eventvwr.exe | s | shows event logs | raises its rights through a registry hijack | user | all | T1548.002
expand.exe | expand | s | unpacks cabinet files | unpacks staged tools, copies from shares | shell inst | all | T1140 T1105
explorer.exe | EXPLORER.EXE | w | is the desktop | starts a program so that the desktop seems its parent | userinit.exe winlogon.exe | all | T1202 T1036
extrac32.exe | extrac32.exe | s | unpacks cabinet files | copies and unpacks into hidden streams | inst | all | T1140 T1105
find.exe | FIND.EXE | s | finds text | filters recon output | shell agent | all | T1083
findstr.exe | FINDSTR.EXE | s | finds text by pattern | looks for passwords in files | shell agent | all | T1552.001 T1083
finger.exe | finger.exe | s | asks about users of another machine | fetches commands from a server | shell | all | T1105
fltmc.exe | fltMC.exe | o | loads and lists filter drivers | unloads the driver of a monitoring product | shell agent | admin | T1685 T1518.001
forfiles.exe | forfiles.exe | s | runs a command for each file | runs a command in its own name | shell svc | all | T1202
fsutil.exe | fsutil.exe | s | manages file systems | deletes the change journal, lists drives | shell agent | admin | T1070 T1082
ftp.exe | ftp.exe | s | transfers files | runs commands from a script, sends out files | shell | all | T1202 T1048
getmac.exe | getmac.exe | s | shows hardware addresses | fingerprints the machine | shell agent | all | T1016
gpresult.exe | gprslt.exe | s | shows applied policies | learns policies and groups | shell agent | all | T1615
gpupdate.exe | gpupdate.exe | s | refreshes policies | applies a policy that it has changed | shell svc agent | all | T1484.001
hh.exe | HH.exe | w | shows compiled help | runs script from a help file or address | user | all | T1218.001
hostname.exe | hostname.exe | s | shows the name of the machine | tells where it is | shell agent | all | T1082
icacls.exe | iCACLS.EXE | s | edits permissions | opens files and folders to everyone | shell inst agent | admin | T1222.001
ie4uinit.exe | IE4UINIT.EXE | s | sets up the browser for a user | runs script from a crafted inf file beside it | user userinit.exe | all | T1218
infdefaultinstall.exe | InfDefaultInstall.EXE | s | installs from inf files | runs script through an inf file | user | admin | T1218
installutil.exe | InstallUtil.exe | n | installs .NET services | runs code in an uninstall routine | shell inst | admin | T1218.004
ipconfig.exe | ipconfig.exe | s | shows and renews network settings | learns networks, DNS servers and domain | shell agent user | all | T1016
klist.exe | klist.exe | s | shows Kerberos tickets | looks for tickets to use | shell | all | T1558 T1087.002
ldifde.exe | - | s | exports and imports directory objects | copies the directory, changes objects in bulk | shell | admin | T1087.002 T1018
logman.exe | Logman.exe | s | manages traces | stops the traces that security products use | shell svc | admin | T1685
logoff.exe | logoff.exe | s | ends a session | ends its own session, or the administrator's | shell user | all | T1531
makecab.exe | makecab.exe | s | packs cabinet files | packs what it stole | shell inst | all | T1560.001
mavinject.exe | mavinject.exe mavinject32.exe mavinject64.exe | s | injects libraries for App-V | injects a library into any process | svc | admin | T1218.013 T1055.001
mmc.exe | mmc.exe | s | hosts management consoles | opens remote consoles; starts programs through COM | user shell | admin | T1218.014 T1021.003
mofcomp.exe | mofcomp.exe | b | compiles WMI classes | installs a permanent WMI subscription | shell inst svc | admin | T1546.003
msbuild.exe | MSBuild.exe | n f | builds projects | runs code written into a project file | shell devenv.exe | all | T1127.001
msconfig.exe | msconfig.EXE | o | sets how Windows starts | raises its rights | user | admin | T1548.002
msdt.exe | msdt.exe | s | runs troubleshooters | runs script through a crafted troubleshooting call | user | all | T1202
mshta.exe | MSHTA.EXE | s | shows HTML applications | runs script from an address or from its command line | user | all | T1218.005
msiexec.exe | msiexec.exe | s | installs packages | installs a package from an address, registers a library | svc user agent inst | all | T1218.007
msinfo32.exe | msinfo.dll | s | shows system information | writes a full description of the machine | user shell | all | T1082
mstsc.exe | mstsc.exe | s | is the Remote Desktop client | moves to other machines | user | all | T1021.001
nbtstat.exe | nbtinfo.exe | s | shows NetBIOS names | resolves names and sessions of neighbours | shell | all | T1016 T1018
net.exe | net.exe | s | manages users, shares, services and sessions | lists and changes accounts, connects shares | shell agent svc | all | T1087 T1069 T1135 T1049 T1136
net1.exe | net1.exe | s | does the work of net | is called directly to avoid rules about net | net.exe | all | T1087 T1069 T1135
netdom.exe | netdom.exe | s | joins and trusts domains | lists trusts and controllers | shell | admin | T1482 T1018
netsh.exe | netsh.exe | s | sets up network and firewall | forwards ports, opens the firewall, sniffs, loads a library | shell agent inst | admin | T1090.001 T1686 T1040 T1546.007
netstat.exe | netstat.exe | s | shows connections and ports | finds services, peers and its own tunnel | shell agent | all | T1049
nltest.exe | nltestrk.exe | s | tests trusts and controllers | lists trusts and domain controllers | shell agent | admin | T1482 T1018 T1016
notepad.exe | NOTEPAD.EXE | s w | edits text | is a host for injected code | user | all | T1055
nslookup.exe | nslookup.exe | s | asks DNS servers | finds machines, fetches text records | shell | all | T1018 T1071.004
ntdsutil.exe | ntdsutil.exe | s | maintains the directory database | copies the directory database with all its hashes | shell | admin | T1003.003
odbcconf.exe | odbcconf.exe | s | sets up ODBC | registers and runs a library | inst | admin | T1218.008
openfiles.exe | openfiles.exe | s | lists open files | finds who uses a file on a server | shell | admin | T1049
pathping.exe | pathping.exe | s | tests a network path | maps the way to a target | shell | all | T1016
pcalua.exe | pcalua.exe | s | starts old programs in compatibility mode | starts a program in its own name | user | all | T1202
pcwrun.exe | pcwrun.exe | s | runs the compatibility wizard | starts a program in its own name | user | all | T1218
ping.exe | ping.exe | s | tests whether a machine answers | finds live machines, waits | shell agent | all | T1018
pktmon.exe | PktMon.exe | o | captures packets | sniffs the network without further tools | shell | admin | T1040
pnputil.exe | PnpUtil.exe | o | installs drivers | installs a weak driver | shell inst | admin | T1543.003
powershell.exe | PowerShell.EXE | p | administers everything | runs code in memory, downloads, moves to other machines | user shell svc agent inst | all | T1059.001
powershell_ise.exe | powershell_ise.EXE | p | edits and runs scripts | runs code where the console is watched | user | admin | T1059.001
print.exe | Print.Exe | s | prints text files | copies files | shell | all | T1105 T1564.004
psr.exe | psr.exe | s | records steps on the screen | takes screenshots | user | all | T1113
qprocess.exe | qprocess.exe | s | lists processes of sessions | lists processes | shell | admin | T1057
query.exe | query.exe | s | calls quser, qwinsta and qprocess | sees who is logged on | shell | admin | T1033
quser.exe | quser.exe | s | shows sessions of users | sees who is logged on | shell query.exe agent | admin | T1033
qwinsta.exe | qwinsta.exe | s | shows sessions | finds a session to take over | shell query.exe | admin | T1033 T1049
rasdial.exe | rasdial.exe | s | dials connections | brings up a VPN of its own | shell | all | T1133
reagentc.exe | reagentc.exe | o | sets up the recovery environment | disables recovery | shell inst | admin | T1490
reg.exe | reg.exe | s | reads and writes the registry | saves SAM and SYSTEM, looks for credentials, plants values | shell agent inst | all | T1012 T1003.002 T1112 T1552.002
regasm.exe | RegAsm.exe | n | registers .NET libraries for COM | runs code in a registration routine | inst shell | admin | T1218.009
regedit.exe | REGEDIT.EXE | w s | edits the registry | exports and imports keys | user | admin | T1112 T1012
regini.exe | REGINI.EXE | s | sets keys and permissions from a file | writes keys from a hidden stream | shell inst | admin | T1112
regsvcs.exe | RegSvcs.exe | n | registers .NET components | runs code in a registration routine | inst shell | admin | T1218.009
regsvr32.exe | REGSVR32.EXE | s | registers libraries | runs script from an address, loads any library | inst user msiexec.exe | all | T1218.010
repadmin.exe | repadmin.exe | s | checks directory replication | learns the controllers and their partners | shell agent | admin | T1018
robocopy.exe | robocopy.exe | s | copies folders | copies whole shares, with backup rights | shell agent svc | all | T1039 T1005 T1570
route.exe | route.exe | s | shows and sets routes | learns networks behind the machine | shell agent | all | T1016
rpcping.exe | rpcping.exe | s | tests RPC | sends the user's hash to a server | shell | admin | T1187
runas.exe | RUNAS.EXE | s | starts a program as another user | uses stolen passwords | shell user | all | T1134.002
rundll32.exe | RUNDLL32.EXE | s | calls functions of libraries | dumps lsass with comsvcs, runs any library or script | user svc inst control.exe | all | T1218.011 T1003.001
runonce.exe | RUNONCE.EXE | s | runs what is due once at logon | starts a planted command | user userinit.exe | all | T1547.001
sc.exe | sc.exe | s | manages services | makes, changes or stops services, here or elsewhere | shell agent inst | admin | T1543.003 T1569.002 T1007 T1489
schtasks.exe | schtasks.exe sctasks.exe | s | manages scheduled tasks | starts commands later or on other machines as SYSTEM | shell agent inst | all | T1053.005
scp.exe | scp.exe | h | copies over SSH | sends out files, brings in tools | shell | all | T1105 T1048.002
scriptrunner.exe | ScriptRunner.exe | s | runs scripts for App-V | starts a program in its own name | svc | admin | T1202
scrcons.exe | scrcons.exe | b | runs WMI script consumers | runs the script of a planted subscription | svchost.exe | all | T1546.003
secedit.exe | SeCEdit | s | exports and applies security settings | reads password policy and rights, changes them | shell svc agent | admin | T1615 T1484.001
setspn.exe | setspn.exe | s | manages service names | finds accounts whose tickets can be cracked | shell | admin | T1558.003 T1087.002
sftp.exe | sftp.exe | h | transfers over SSH | sends out files | shell | all | T1048.002
shutdown.exe | SHUTDOWN.EXE | s | shuts down or restarts | restarts to apply a change, ends a session | shell agent svc | all | T1529
sort.exe | sort.exe | s | sorts text | copies files | shell | all | T1105
ssh.exe | ssh.exe | h | opens secure shells | tunnels ports, moves to other machines | shell user | all | T1021.004 T1572
ssh-keygen.exe | ssh-keygen.exe | h | makes keys | loads a library | shell | all | T1098.004
syncappvpublishingserver.exe | syncappvpublishingserver.exe | s | refreshes App-V packages | runs PowerShell in its own name | svc user | all | T1216.002
systeminfo.exe | sysinfo.exe | s | describes the machine | describes the machine and its patches | shell agent | all | T1082
takeown.exe | takeown.exe | s | takes ownership of files | takes ownership of protected files | shell inst | admin | T1222.001
tar.exe | bsdtar | s | packs and unpacks archives | packs what it stole | shell | all | T1560.001
taskkill.exe | taskkill.exe | s | ends processes | ends security products or its own tunnel | shell agent inst | all | T1489 T1685
tasklist.exe | tasklist.exe | s | lists processes and services | finds lsass and security products | shell agent | all | T1057 T1518.001 T1007
telnet.exe | telnet.exe | s | opens terminals and tests ports | tests ports | shell | all | T1046
timeout.exe | timeout.exe | s | waits in batch files | waits between steps | shell | all | T1678
tracert.exe | tracert.exe | s | shows the way to a machine | maps the network | shell | all | T1016
tscon.exe | tscon.exe | s | connects sessions | takes over another user's session without a password | shell svc | admin | T1563.002
tskill.exe | tskill.exe | s | ends processes of sessions | ends processes | shell | admin | T1489
typeperf.exe | TypePerf.exe | s | prints counters | watches whether anybody works | shell agent | admin | T1082
tzutil.exe | TZUtil.exe | s | shows the time zone | learns where the machine stands | shell agent | all | T1124
vaultcmd.exe | VAULTCMD.EXE | s | lists the credential vault | lists stored credentials | shell | all | T1555.004
verclsid.exe | verclsid.exe | s | checks COM classes | starts a COM class that runs script | user svc | all | T1218.012
vssadmin.exe | VSSADMIN.EXE | s | manages shadow copies | copies locked files such as ntds.dit, deletes backups | shell svc agent | admin | T1003.003 T1490 T1006
w32tm.exe | w32time.exe | s | checks and sets the time | learns the time of targets | shell svc agent | admin | T1124
waitfor.exe | waitfor.exe | s | waits for a signal | waits for a signal from elsewhere to go on | shell | all | T1546
wbadmin.exe | WBADMIN.EXE | o | backs up and restores | copies ntds.dit in a backup, deletes backups | shell svc | admin | T1003.003 T1490
wecutil.exe | wecutil.exe | o | sets up event forwarding | reads or ends forwarding | shell svc | admin | T1685.001
werfault.exe | WerFault.exe | s | reports crashes | is made to dump lsass | svc | all | T1003.001
wevtutil.exe | wevtutil.exe | s | reads, exports and clears logs | exports logons to study, clears logs | shell agent inst | admin | T1685.005 T1654
where.exe | where.exe | s | finds files | finds tools on the machine | shell | all | T1083
whoami.exe | whoami.exe | s | shows the user, groups and rights | checks what it may do | shell agent | all | T1033 T1069
winget.exe | winget.exe | * | installs packages | installs tools from a manifest | shell user | all | T1072
winrs.exe | winrs.exe | s | runs commands over WinRM | runs commands on other machines | shell | admin | T1021.006
wmic.exe | wmic.exe | b | queries and calls WMI | starts processes here and elsewhere, lists everything | shell agent | admin | T1047 T1082 T1518 T1490
wmiprvse.exe | Wmiprvse.exe | b | hosts WMI providers | is the parent of commands that came over WMI | svchost.exe | all | T1047
wscript.exe | wscript.exe | s | runs scripts in windows | runs scripts from mail and the web | user svc | all | T1059.005 T1059.007
wsl.exe | - | o f | runs the Linux subsystem | runs commands beyond the view of process rules | user shell | all | T1202
wsmprovhost.exe | wsmprovhost.exe | s | hosts remote PowerShell | is the parent of commands that came over WinRM | svchost.exe | all | T1021.006
wuauclt.exe | wuauclt.exe | s | finds updates | loads a library | svchost.exe | all | T1218
xcopy.exe | XCOPY.EXE | s | copies folders | collects files, spreads tools | shell agent | all | T1005 T1570
xwizard.exe | xwizard.exe | s | runs wizards | loads a library beside it, starts COM classes | user | all | T1218
svchost.exe | svchost.exe | s | hosts services | is a name to hide behind; hosts planted libraries | services.exe | all | T1036.005 T1543.003
lsass.exe | lsass.exe | o | checks logons and keeps credentials | is read for credentials; is a name to hide behind | wininit.exe | all | T1003.001 T1036.005
services.exe | services.exe | o | starts services | is the parent of commands run as services | wininit.exe | all | T1569.002 T1036.005
winlogon.exe | WINLOGON.EXE | o | logs users on | is a name to hide behind | smss.exe | all | T1036.005
csrss.exe | CSRSS.Exe | o | runs the user side of Windows | is a name to hide behind | smss.exe | all | T1036.005
smss.exe | smss.exe | o | starts sessions | is a name to hide behind | system smss.exe | all | T1036.005
spoolsv.exe | spoolsv.exe | o | prints | is attacked to load libraries as SYSTEM | services.exe | all | T1547.012 T1036.005
taskhostw.exe | taskhostw.exe taskhost.exe | o | hosts tasks | is a name to hide behind | svchost.exe | all | T1036.005
searchindexer.exe | SearchIndexer.exe | s | indexes files | is a name to hide behind | services.exe | all | T1036.005
mpcmdrun.exe | MpCmdRun.exe | d f | scans and updates Defender | downloads, removes signatures | svc | admin | T1105 T1685
appcmd.exe | appcmd.exe | i | sets up web servers | reads pool passwords, plants modules, ends logging | shell inst | admin | T1003 T1505.004 T1685.001
dfsvc.exe | dfsvc.exe | n | starts ClickOnce programs | runs code from an address | user | all | T1127.002
csc.exe | csc.exe | n f | compiles C# | builds tools on the target | shell powershell.exe | all | T1027.004
vbc.exe | vbc.exe | n f | compiles Visual Basic | builds tools on the target | shell | all | T1027.004
jsc.exe | jsc.exe | n | compiles JScript | builds tools on the target | shell | all | T1027.004
aspnet_compiler.exe | aspnet_compiler.exe | n | compiles web sites | runs code in a build provider | inst | admin | T1127
ngen.exe | ngen.exe | n | prepares .NET code | is a name to hide behind | svc inst | all | T1036.005
presentationhost.exe | PresentationHost.exe | s | shows XAML programs | runs code from a XAML file | user | all | T1218
desktopimgdownldr.exe | desktopimgdownldr.exe | o | fetches lock screen images | downloads | svc | all | T1105
"""
