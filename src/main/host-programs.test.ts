/** The programs of awk that runs and challenges have on a host, under each awk of this machine. */
import { expect, test } from "vitest";
import { AWKS, runAwks } from "#testing/run-awk.ts";

const DEPLOYMENT = "rotation/deployment";
const CHALLENGE = "rotation/challenge";

type Given = { variables?: Record<string, string>; environment?: Record<string, string> };

/** The lines that all of them answer with. */
function linesOf(program: string, input: string, given: Given = {}): string[] {
  const results = runAwks({ program: [program], input, ...given });
  expect(results).toEqual([{ output: expect.any(String), status: 0 }]);
  return (results[0]?.output ?? "").split("\n").filter(Boolean);
}

const inHosts = test.skipIf(AWKS.length === 0);

inHosts("a path is replaced where it ends, and where what lies in it is named", () => {
  const config =
    "ssl_certificate /etc/tls/site;\nsee /etc/tls/site/key and /etc/tls/site.old, /etc/tls/site2\n";
  const environment = { FROM: "/etc/tls/site", TO: "/run/copy&\\1" };
  expect(linesOf(`${DEPLOYMENT}/replace-path.awk`, config, { environment })).toEqual([
    "ssl_certificate /run/copy&\\1;",
    "see /run/copy&\\1/key and /etc/tls/site.old, /etc/tls/site2",
  ]);
});

inHosts("a store of HAProxy names its certificates by their aliases, or by their files", () => {
  const config = `global
  load crt outside.pem
crt-store web
  crt-base /etc/tls
  load crt shop.pem alias shop
  load alias other crt /srv/other.pem
  load crt plain.pem
frontend www
  load crt no.pem
`;
  expect(linesOf(`${DEPLOYMENT}/haproxy-stores.awk`, config)).toEqual([
    "@web/shop /etc/tls/shop.pem",
    "@web/other /srv/other.pem",
    "@web/plain.pem /etc/tls/plain.pem",
  ]);
});

inHosts(
  "a section of Apache gives certificate and key, but not where TLS is off or a variable decides",
  () => {
    const config = `SSLCertificateFile "/etc/tls/all.pem"
<VirtualHost *:443>
  SSLCertificateFile '/etc/tls/a b.pem'\r
  SSLCertificateKeyFile /etc/tls/a.key
</VirtualHost>
<VirtualHost *:443>
  SSLEngine off
  SSLCertificateFile /etc/tls/off.pem
</VirtualHost>
<VirtualHost *:443>
  SSLCertificateFile \${TLS}/variable.pem
</VirtualHost>
`;
    expect(linesOf(`${DEPLOYMENT}/apache-certificates.awk`, config)).toEqual([
      "/etc/tls/all.pem\t/etc/tls/all.pem",
      "/etc/tls/a b.pem\t/etc/tls/a.key",
    ]);
  },
);

inHosts("a copy of slapd's settings names nothing that the running slapd has written", () => {
  const settings = `# AUTO-GENERATED FILE - DO NOT EDIT!! Use ldapmodify.
# CRC32 ac3c57d3
dn: cn=config
olcPid
 File: /run/slapd.pid
olcArgsFile:: L3J1bi9z
 bGFwZA==
OLCDBDIRECTORY: /var/lib/ldap
olcSuffix: dc=lab
`;
  expect(linesOf(`${DEPLOYMENT}/slapd-settings.awk`, settings, { variables: { data: "/run/try" } })).toEqual([
    "# AUTO-GENERATED FILE - DO NOT EDIT!! Use ldapmodify.",
    "dn: cn=config",
    "olcDbDirectory: /run/try",
    "olcSuffix: dc=lab",
  ]);
});

inHosts("of a PEM file the first certificate is sent, and blocks are taken by their marks", () => {
  const block = (mark: string, text: string) => `-----BEGIN ${mark}-----\n${text}\n-----END ${mark}-----\n`;
  const file = `${block("PRIVATE KEY", "c2VjcmV0")}${block("CERTIFICATE", "Zmly\r\n c3Q=\r")}${block("CERTIFICATE", "c2Vjb25k")}`;
  expect(linesOf(`${DEPLOYMENT}/first-certificate.awk`, file)).toEqual(["Zmlyc3Q="]);
  const variables = { mark: "PRIVATE KEY-----" };
  expect(linesOf(`${DEPLOYMENT}/pem-blocks.awk`, file, { variables })).toEqual(
    block("PRIVATE KEY", "c2VjcmV0").split("\n").filter(Boolean),
  );
});

const SOCKET_HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const socketRow = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1 0000 100`;

inHosts("a process listens that holds a socket which the kernel lists as listening, and no other", () => {
  const descriptor = (number: number, target: string) =>
    `lrwx------ 1 0 0 64 Jan  1 00:00 ${number} -> ${target}`;
  const statusOf = (...descriptors: readonly string[]) =>
    runAwks({
      program: ["lib/listening-process.awk"],
      input: [
        SOCKET_HEAD,
        socketRow("0100007F:0016", "0A", 11),
        socketRow("0100007F:0016", "01", 12),
        ...descriptors.map((target, number) => descriptor(number, target)),
        "",
      ].join("\n"),
    }).map(({ status }) => status);
  expect(statusOf("/dev/null", "socket:[11]")).toEqual([0]);
  expect(statusOf("socket:[12]", "socket:[111]", "pipe:[11]")).toEqual([1]);
  expect(statusOf()).toEqual([1]);
});

inHosts("hexadecimal digits are the bytes that they stand for", () => {
  expect(linesOf("lib/hex-bytes.awk", "6b65\n790a\n6f6b\n")).toEqual(["key", "ok"]);
});

inHosts("the kernel's tables say who listens at a port, and by which socket", () => {
  const table = [
    SOCKET_HEAD,
    socketRow("0100007F:0050", "0A", 11),
    socketRow("00000000:01BB", "0A", 12),
    socketRow("0:0050", "01", 13),
  ];
  expect(
    linesOf(`${CHALLENGE}/listening.awk`, `${table.join("\n")}\n`, { variables: { ports: " 0050 1F90 " } }),
  ).toEqual(["0050 0100007F 11"]);
});

inHosts("the process that has a socket is the one in whose folder it is listed", () => {
  const listing = `/proc/7/fd:
lrwx------ 1 root root 64 Jan  1 00:00 3 -> socket:[110]

/proc/42/fd:
lrwx------ 1 root root 64 Jan  1 00:00 0 -> /dev/null
lrwx------ 1 root root 64 Jan  1 00:00 6 -> socket:[11]
`;
  expect(linesOf(`${CHALLENGE}/socket-owner.awk`, listing, { variables: { socket: "socket:[11]" } })).toEqual(
    ["42"],
  );
});

inHosts("nginx says which folder its paths begin in; one that says nothing leaves it unknown", () => {
  const program = `${CHALLENGE}/nginx-prefix.awk`;
  const version = "nginx version: nginx/1.26.3\n";
  expect(linesOf(program, `${version}configure arguments: --with-debug --prefix=/usr/share/nginx\n`)).toEqual(
    ["/usr/share/nginx"],
  );
  expect(linesOf(program, `${version}configure arguments:\n`)).toEqual(["/usr/local/nginx"]);
  expect(linesOf(program, version)).toEqual(["unknown"]);
});
