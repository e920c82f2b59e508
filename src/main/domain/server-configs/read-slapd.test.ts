import { expect, test } from "vitest";
import { formatFiles } from "#domain/server-configs/testing/format-files.ts";

test("cn=config is read with folded lines and base64, and the command line says where it listens", () => {
  const said = formatFiles(
    {
      server: "slapd",
      commandLines: [
        ["/usr/sbin/slapd", "-h", "ldap:/// ldaps://127.0.0.1:1636/ ldapi:///", "-F", "/etc/ldap/slapd.d"],
      ],
    },
    {
      "/etc/ldap/slapd.d/cn=config.ldif": `# AUTO-GENERATED FILE
dn: cn=config
olcTLSCertificateFile: /etc/ldap/a very long fol
 der/ldap.pem
olcTLSCertificateKeyFile:: L2V0Yy9sZGFwL2vDpHNlLmtleQ==
olcTLSCACertificateFile: /etc/ldap/ca.pem
`,
    },
  );
  expect(said).toMatchInlineSnapshot(`
    "any:389! ldap at /etc/ldap/slapd.d/cn=config.ldif:3
      certificate /etc/ldap/a very long folder/ldap.pem (olcTLSCertificateFile /etc/ldap/slapd.d/cn=config.ldif:3)
      key /etc/ldap/käse.key (olcTLSCertificateKeyFile /etc/ldap/slapd.d/cn=config.ldif:5)
    127.0.0.1:1636! tls at /etc/ldap/slapd.d/cn=config.ldif:3
      certificate /etc/ldap/a very long folder/ldap.pem (olcTLSCertificateFile /etc/ldap/slapd.d/cn=config.ldif:3)
      key /etc/ldap/käse.key (olcTLSCertificateKeyFile /etc/ldap/slapd.d/cn=config.ldif:5)
    client-ca /etc/ldap/ca.pem (olcTLSCACertificateFile /etc/ldap/slapd.d/cn=config.ldif:6)"
  `);
});

test("slapd.conf goes on in lines that begin with a blank, and the file of the service says where it listens", () => {
  const said = formatFiles(
    { server: "slapd" },
    {
      "/etc/ldap/slapd.conf": 'include tls.conf\nTLSDHParamFile\n  "/etc/ldap/dh.pem"\n',
      "/etc/ldap/tls.conf": "# tls\nTLSCertificateFile /c.pem\ntlscertificatekeyfile /c.key\n",
      "/etc/default/slapd": 'SLAPD_SERVICES="ldaps:///"\n',
    },
  );
  expect(said).toMatchInlineSnapshot(`
    "any:636! tls at /etc/ldap/tls.conf:2
      certificate /c.pem (TLSCertificateFile /etc/ldap/tls.conf:2)
      key /c.key (tlscertificatekeyfile /etc/ldap/tls.conf:3)
    dhparam /etc/ldap/dh.pem (TLSDHParamFile /etc/ldap/slapd.conf:2)"
  `);
  expect(formatFiles({ server: "slapd" }, { "/s.conf": "TLSCertificateFile /c.pem" })).toMatchInlineSnapshot(`
    "any:389! ldap at /s.conf:1
      certificate /c.pem (TLSCertificateFile /s.conf:1)
      key unknown
    may lack: with which addresses (-h) it is started is not known"
  `);
});
