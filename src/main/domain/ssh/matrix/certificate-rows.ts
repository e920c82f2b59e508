import { accepts, type Certificate, type Disk, ELSEWHERE, type Row, refuses, type Try } from "./row.ts";

/**
 * Certificates: a line `cert-authority`, and TrustedUserCAKeys. A line for an authority is a "yes" when a certificate
 * that it signed lets somebody in; no host shows which certificates exist.
 */

const has = (is: Try["is"], certificate: Certificate = {}, more: Partial<Try> = {}): Try => ({
  ...more,
  certificate,
  ...(is && { is }),
});
const EXPIRED: Certificate = { validity: "20200101:20200201" };
const NOT_YET: Certificate = { validity: "20990101:20990201" };
const FOR_OPS: Certificate = { principals: "ops" };
const FOR_NOBODY: Certificate = { principals: "" };
const OF_ANOTHER: Certificate = { by: "ca2" };
const OF_A_HOST: Certificate = { options: ["-h"] };
const BOUND: Certificate = { options: ["-O", `source-address=${ELSEWHERE}`] };
const FORCED: Certificate = { options: ["-O", "force-command=true"] };

const authority = (options: string, tries: readonly Try[], more: Partial<Row> = {}): Row =>
  accepts({ file: `cert-authority${options} <ca>\n`, tries, ...more });

const AUTHORITY_LINES: readonly Row[] = [
  authority("", [
    has("in"),
    has("in", { validity: "always:20990101" }),
    has("out", EXPIRED),
    has("out", NOT_YET),
    has("out", FOR_OPS),
    has("out", OF_ANOTHER),
    has("out", OF_A_HOST),
    has("out", BOUND),
    has("in", BOUND, { from: ELSEWHERE }),
    has("in", FORCED),
    { key: "ca", is: "out" },
  ]),
  authority(',principals="ops,dev"', [has("in", FOR_OPS), has("out")]),
  authority(',principals="<user>"', [has("in"), has("out", FOR_OPS)]),
  authority(`,from="${ELSEWHERE}"`, [has("out"), has("in", {}, { from: ELSEWHERE })]),
  authority(',expiry-time="20990101"', [has("in")]),
  authority(',command="true",restrict', [has("in"), has("out", FOR_OPS)]),
  accepts({ file: "CERT-AUTHORITY <ca>\n", tries: [has("in")] }),
  accepts({ file: "cert-authority <rsa3072>\n", tries: [has("in", { by: "rsa3072" })] }),
  authority("", [has("in")], { setting: "AuthorizedPrincipalsFile none" }),
  authority("", [has("in")], { setting: "AuthorizedPrincipalsFile /etc/ssh/no-such-file" }),
  accepts({
    file: "cert-authority <ca>\n<holder>\n",
    tries: [has("in"), { key: "holder" }],
  }),
  refuses("has passed", { file: 'cert-authority,expiry-time="20200101" <ca>\n', tries: [has(undefined)] }),
  refuses("from", { file: 'cert-authority,from="localhost" <ca>\n', tries: [has(undefined)] }),
  accepts({
    file: "cert-authority <rsa>\n",
    setting: "RequiredRSASize 3072",
    tries: [has("in", { by: "rsa" })],
  }),
  refuses("CASignatureAlgorithms", {
    file: "cert-authority <ca>\n",
    setting: "CASignatureAlgorithms -ssh-ed25519",
    tries: [has(undefined)],
    dormant: "CASignatureAlgorithms",
  }),
  refuses("PubkeyAcceptedAlgorithms", {
    file: "cert-authority <ca>\n",
    setting: "PubkeyAcceptedAlgorithms ssh-ed25519,rsa-sha2-512",
    tries: [has(undefined)],
  }),
  refuses("RevokedKeys", {
    called: "an authority that is revoked",
    file: "cert-authority <ca>\n",
    setting: "RevokedKeys /etc/ssh/revoked/<user>",
    files: { "/etc/ssh/revoked/<user>": "<ca>\n" },
    tries: [has(undefined)],
    dormant: "RevokedKeys",
  }),
  refuses("RevokedKeys", {
    called: "an authority that is revoked by a KRL",
    file: "cert-authority <ca>\n",
    setting: "RevokedKeys /etc/ssh/revoked/<user>",
    disk: {
      words: "KRL with the authority",
      make: "mkdir -p /etc/ssh/revoked; ssh-keygen -q -k -f /etc/ssh/revoked/$user /srv/keys/ca.pub",
    },
    tries: [has(undefined)],
  }),
  accepts({
    called: "some certificates of an authority are revoked",
    file: "cert-authority <ca>\n",
    setting: "RevokedKeys /etc/ssh/revoked/<user>",
    disk: {
      words: "KRL with serials 7-9 and the id jo",
      make: "mkdir -p /etc/ssh/revoked; printf 'serial: 7-9\\nid: jo\\n' | ssh-keygen -q -k -f /etc/ssh/revoked/$user -s /srv/keys/ca.pub -",
    },
    tries: [has("in", { serial: 10 }), has("out", { serial: 8 }), has("out", { id: "jo" })],
  }),
];

const TRUSTED = "TrustedUserCAKeys /etc/ssh/authorities/<user>";
const KEYS_COMMAND = "TrustedUserCAKeys /etc/ssh/authorities/<user>";
const AUTHORITIES = { "/etc/ssh/authorities/<user>": "# ours\n<ca> the authority\n" };
const trusted = (settings: string, tries: readonly Try[], files: Record<string, string> = {}): Row =>
  accepts({
    file: "",
    setting: [TRUSTED, settings].filter(Boolean).join("\n"),
    files: { ...AUTHORITIES, ...files },
    tries,
    otherAccess: KEYS_COMMAND,
  });
const PRINCIPALS = "AuthorizedPrincipalsFile /etc/ssh/principals/<user>";

const TRUSTED_AUTHORITIES: readonly Row[] = [
  trusted("", [
    has("in"),
    has("out", EXPIRED),
    has("out", FOR_OPS),
    has("out", FOR_NOBODY),
    has("out", OF_ANOTHER),
  ]),
  trusted(PRINCIPALS, [has("in", FOR_OPS), has("out")], {
    "/etc/ssh/principals/<user>": "# who\nops # team\n",
  }),
  trusted(PRINCIPALS, [has("out", FOR_OPS), has("in", FOR_OPS, { from: ELSEWHERE }), has("in")], {
    "/etc/ssh/principals/<user>": `from="${ELSEWHERE}" ops\n<user>\n`,
  }),
  accepts({
    called: "a key beside an authority whose principals are in no file",
    setting: `${TRUSTED}\n${PRINCIPALS}`,
    files: AUTHORITIES,
    tries: [{}, has("out"), has("out", FOR_OPS)],
  }),
  accepts({
    called: "a key beside an authority whose file is missing",
    setting: "TrustedUserCAKeys /no/such",
    tries: [{}, has("out")],
  }),
  accepts({ setting: "TrustedUserCAKeys none", tries: [{}, has("out")] }),
  accepts({
    setting: `${TRUSTED}\nAuthorizedPrincipalsFile none`,
    files: AUTHORITIES,
    tries: [{}, has("out"), has("out", FOR_OPS)],
  }),
];

/** sshd runs it for the account; we report it and never run it. */
const COMMAND = "AuthorizedKeysCommand /usr/local/bin/<user>-keys\nAuthorizedKeysCommandUser nobody";
const giving = (text: string) => ({
  words: `a command that gives ${text || "nothing"}`,
  make: `printf '#!/bin/sh\\necho "${text}"\\n' > /usr/local/bin/$user-keys; chmod 755 /usr/local/bin/$user-keys`,
});

const COMMANDS: readonly Row[] = [
  accepts({
    file: "",
    setting: COMMAND,
    disk: giving("$(cat /srv/keys/key.pub)"),
    otherAccess: "AuthorizedKeysCommand /usr/local/bin/<user>-keys",
  }),
  accepts({ setting: COMMAND, disk: giving("") }),
];

export const CERTIFICATE_ROWS: readonly Row[] = [...AUTHORITY_LINES, ...TRUSTED_AUTHORITIES, ...COMMANDS];

/** RevokedKeys: a text list or a KRL. With one that it cannot read, sshd refuses every key of everybody. */

const SETTING = "RevokedKeys /etc/ssh/revoked/<user>";
const LIST = "/etc/ssh/revoked/<user>";

const listed = (text: string): Partial<Row> => ({ setting: SETTING, files: { [LIST]: text } });
/** A KRL that ssh-keygen makes from a KRL specification or from public keys. */
const krl = (words: string, make: string): { setting: string; disk: Disk } => ({
  setting: SETTING,
  disk: { words, make: `krl=/etc/ssh/revoked/$user; mkdir -p /etc/ssh/revoked; ${make}` },
});
const KEYS = "/srv/keys";
const of = (...names: string[]): string =>
  `ssh-keygen -q -k -f $krl ${names.map((name) => `${KEYS}/${name}.pub`).join(" ")}`;
const specified = (specification: string, more = ""): string =>
  `printf '${specification}\\n' "$(cat ${KEYS}/key.pub)" | ssh-keygen -q -k -f $krl ${more} -`;

const TEXT_LISTS: readonly Row[] = [
  // In a Match block "none" is the name of a file, and there is no such file.
  refuses("RevokedKeys", { setting: "RevokedKeys none" }),
  accepts({ called: "an empty list", ...listed("") }),
  accepts({ called: "a list of comments", ...listed("# nobody yet\n\n   \n") }),
  accepts(listed("<rsa>\n<p256> me\n")),
  refuses("RevokedKeys", { ...listed("<key>\n"), dormant: "RevokedKeys" }),
  refuses("RevokedKeys", listed("# gone\n\n  <rsa> me\n\t<key> left\n")),
  refuses("RevokedKeys", { called: "a list without a newline at its end", ...listed("<key>") }),
  refuses("RevokedKeys", { called: "a list with CRLF", ...listed("<key>\r\n") }),
  refuses("RevokedKeys", {
    called: "a list of CRLF blank lines and another key",
    ...listed("<rsa>\r\n\r\n"),
  }),
  refuses("RevokedKeys", { ...listed("restrict <rsa>\n"), dormant: "RevokedKeys" }),
  refuses("RevokedKeys", listed("<rsa>\nnot a key\n")),
  refuses("RevokedKeys", { called: "a list with a byte order mark", ...listed("\ufeff<rsa>\n") }),
  refuses("RevokedKeys", { called: "a list with a certificate of the key", ...listed("<certificate>\n") }),
];

const FILES: readonly Row[] = [
  refuses("RevokedKeys", { called: "no such list", setting: "RevokedKeys /no/such", dormant: "RevokedKeys" }),
  refuses("RevokedKeys", {
    setting: SETTING,
    disk: { words: "a folder for a list", make: "mkdir -p /etc/ssh/revoked/$user" },
  }),
  accepts({
    called: "a list that only root can read",
    ...listed("<rsa>\n"),
    disk: { words: "list 0600", make: "chmod 600 /etc/ssh/revoked/$user" },
  }),
];

const KRLS: readonly Row[] = [
  refuses("RevokedKeys", { ...krl("a KRL with the key", of("key")), dormant: "RevokedKeys" }),
  refuses("RevokedKeys", krl("a KRL with three keys", of("rsa", "p256", "key"))),
  accepts(krl("a KRL with other keys", of("rsa", "p256"))),
  accepts(krl("a KRL of nothing", of())),
  refuses("RevokedKeys", krl("a KRL with the key's SHA-1", specified("sha1: %s"))),
  refuses("RevokedKeys", krl("a KRL with the key's SHA-256", specified("sha256: %s"))),
  accepts(krl("a KRL with serials of an authority", specified("serial: 1-100", `-s ${KEYS}/ca.pub`))),
  refuses("RevokedKeys", krl("a KRL cut short", `${of("rsa", "p256")}; truncate -s -3 $krl`)),
  refuses("RevokedKeys", krl("a KRL with bytes behind it", `${of("rsa")}; printf abc >> $krl`)),
  refuses("RevokedKeys", krl("the first bytes of a KRL", "printf 'SSHKRL\\n\\0' > $krl")),
];

export const REVOCATION_ROWS: readonly Row[] = [...TEXT_LISTS, ...FILES, ...KRLS];
