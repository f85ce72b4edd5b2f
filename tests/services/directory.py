# SPDX-License-Identifier: Apache-2.0
"""OpenLDAP's slapd."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

from tests.services.certificates import make_certificates
from tests.services.daemon import folder, free_port, program, running
from tests.services.databases import Service, password

BASE = "dc=acme,dc=internal"
_CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {home}/pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
suffix "{base}"
directory {home}/data
maxsize 1048576
overlay ppolicy
ppolicy_default "cn=policy,{base}"
ppolicy_use_lockout
"""
_TREE = """\
dn: {base}
objectClass: dcObject
objectClass: organization
o: Acme
dc: acme

dn: cn=policy,{base}
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE

"""
_USER = """\
dn: uid={name},{base}
objectClass: inetOrgPerson
uid: {name}
cn: {name}
sn: {name}
userPassword: {word}
"""


@contextlib.contextmanager
def slapd(*, requires_tls: bool = False) -> Iterator[Service]:
    """slapd with the users `app` and `locked`. LDAPS on the first port, LDAP with StartTLS on the plain one."""
    server = program("slapd", "/usr/sbin/slapd")
    chosen = {name: password() for name in ("app", "locked")}
    with folder("slapd") as home:
        port, plain, certificates = free_port(), free_port(), make_certificates(home)
        (home / "data").mkdir()
        text = _CONF.format(home=home, certificate=certificates.certificate, key=certificates.key, base=BASE)
        (home / "slapd.conf").write_text(("security simple_bind=128\n" if requires_tls else "") + text)
        tree = _TREE.format(base=BASE)
        for name, word in chosen.items():
            locked = "pwdAccountLockedTime: 000001010000Z\n" if name == "locked" else ""
            tree += _USER.format(name=name, word=word, base=BASE) + locked + "\n"
        conf = ["-f", str(home / "slapd.conf")]
        subprocess.run([server, "-Ta", "-q", *conf], input=tree.encode(), check=True, capture_output=True)
        addresses = f"ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{port}/"
        with running([server, *conf, "-h", addresses, "-d", "0"], port=plain, home=home):
            yield Service(port, chosen, certificates, plain)
