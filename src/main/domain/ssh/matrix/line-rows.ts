import {
  ANYWHERE,
  accepts,
  type Disk,
  ELSEWHERE,
  FAR,
  HERE,
  ONLY_ELSEWHERE,
  ONLY_HERE,
  type Row,
  refuses,
} from "./row.ts";

/** Forms of a line, tried on OpenSSH 10.0p2: what its manual says, and what its source suggests beyond that. */

const takes = (line: string, parts: Partial<Row> = {}): Row => accepts({ file: `${line}\n`, ...parts });
const ignores = (line: string, because: string, parts: Partial<Row> = {}): Row =>
  refuses(because, { file: `${line}\n`, ...parts });

const LONG_COMMENT = "m".repeat(9_000);
const LONG_VALUE = "x".repeat(20_000);

const WHOLE_FILES: readonly Row[] = [
  accepts({ file: "<key>\n" }),
  accepts({ called: "no newline at the end", file: "<key> me" }),
  accepts({ called: "CRLF", file: "<key>\r\n" }),
  accepts({ called: "CRLF, options and a comment", file: "no-pty <key> me\r\n" }),
  accepts({ called: "CRLF and blank lines", file: "\r\n# team\r\n\r\n<key> me\r\n" }),
  accepts({ called: "after comments and blanks", file: "# one\n\n   \n\t# two\n<key> me\n" }),
  accepts({
    called: "after a line that is not UTF-8",
    file: "\udcff\xff broken\n<key> me\n",
    takes: ["authorized_keys:2"],
  }),
  accepts({
    called: "after a line of 100 KB",
    file: `${"x".repeat(100_000)}\n<key>\n`,
    takes: ["authorized_keys:2"],
  }),
  accepts({
    called: "a second key glued to a line that had no newline",
    file: "<rsa> me<key>\n",
    tries: [{ key: "rsa" }, { is: "out" }],
  }),
  refuses("byte order mark", { called: "a byte order mark", file: "\ufeff<key> me\n" }),
  accepts({
    called: "a byte order mark before a comment",
    file: "\ufeff# team\n<key> me\n",
    takes: ["authorized_keys:2"],
  }),
  refuses("another format", {
    called: "a key in SSH2's format",
    file: "---- BEGIN SSH2 PUBLIC KEY ----\nComment: me\n<key.blob>\n---- END SSH2 PUBLIC KEY ----\n",
  }),
];

const COMMENTS: readonly Row[] = [
  takes("<key> me@laptop"),
  takes("<key> me # since May"),
  takes(`<key> ${LONG_COMMENT}`, { called: "a comment of 9 KB" }),
  takes("<key> \x1b[31m\u202e", { called: "a comment with an escape and a turn of direction" }),
  takes("<key> me\0hidden", { called: "a NUL in the comment" }),
  ignores("no-pty\0 <key> me", "no key", { called: "a NUL before the key" }),
];

const BLANKS: readonly Row[] = [
  takes(" \t <key> me", { called: "leading blanks" }),
  takes("no-pty\t<key.type>\t\t<key.blob>\tme", { called: "tabs between the parts" }),
  takes("no-pty   <key>", { called: "several blanks after the options" }),
  ignores("restrict, pty <key>", "no key"),
];

const FLAGS: readonly Row[] = [
  takes("no-agent-forwarding,no-port-forwarding,no-pty,no-user-rc,no-X11-forwarding <key>"),
  takes("NO-PTY,Restrict <key>"),
  takes("restrict,pty,user-rc,X11-forwarding,agent-forwarding,port-forwarding <key>"),
  takes("pty,restrict <key>"),
  takes("restrict, <key>"),
  takes(",restrict <key>"),
  takes("restrict,,pty <key>"),
  takes("no-pty,no-pty <key>"),
  takes("verify-required <key>"),
  takes("no-touch-required <key>"),
  ignores("no-such-option <key>", "option"),
  ignores('colour="red" <key>', "option"),
  ignores("restrictfoo <key>", "option"),
  ignores("no-restrict <key>", "option"),
  ignores("no-command <key>", "option"),
];

const VALUES: readonly Row[] = [
  takes('command="true" <key>'),
  takes('command="echo \\"a b\\", c" <key>'),
  takes('command="" <key>'),
  takes('COMMAND="true" <key>'),
  takes(`command="${LONG_VALUE}" <key>`, { called: "a command of 20 KB" }),
  takes('environment="A=1",environment="A=2" <key>'),
  takes('permitopen="h:1",permitopen="[::1]:*",permitlisten="80" <key>'),
  takes('tunnel="any" <key>'),
  takes('tunnel="3" <key>'),
  ignores('command="true <key>', "quote"),
  ignores("command=true <key>", "command"),
  ignores("command='true' <key>", "command"),
  ignores('command="a"b <key>', "option"),
  ignores('command="a",command="b" <key>', "command"),
  ignores('from="*",from="*" <key>', "from"),
  ignores('environment="A B=1" <key>', "environment"),
  ignores('environment="A" <key>', "environment"),
  ignores('permitopen="h" <key>', "permitopen"),
  ignores('permitopen="h:0" <key>', "permitopen"),
  ignores('permitlisten="h:70000" <key>', "permitlisten"),
  ignores('tunnel="x" <key>', "tunnel"),
  ignores('principals="<user>" <key>', "principals"),
];

/** Every form of a date, with every way to name its zone. */
const DATES: readonly Row[] = ["0101", "01012359", "0101235959"].flatMap((rest) =>
  ["", "Z", "UTC"].flatMap((zone) => [
    takes(`expiry-time="2099${rest}${zone}" <key>`),
    ignores(`expiry-time="2020${rest}${zone}" <key>`, "has passed"),
  ]),
);

const ODD_DATES: readonly Row[] = [
  takes('expiry-time="20990101z" <key>'),
  takes('expiry-time="<now+1h>Z" <key>', { called: "expires in an hour" }),
  ignores('expiry-time="<now-1h>Z" <key>', "has passed", { called: "expired an hour ago" }),
  takes('expiry-time="20990101",expiry-time="20980101" <key>'),
  ignores('expiry-time="20990101",expiry-time="20200101Z" <key>', "has passed"),
  ignores('expiry-time="19600101" <key>', "expiry-time"),
  ignores('expiry-time="20991301" <key>', "expiry-time"),
  ignores('expiry-time="20990132" <key>', "expiry-time"),
  ignores('expiry-time="209901012460" <key>', "expiry-time"),
  ignores('expiry-time="2099-01-01" <key>', "expiry-time"),
  ignores('expiry-time="20990101T0000" <key>', "expiry-time"),
  ignores('expiry-time="2099" <key>', "expiry-time"),
  ignores('expiry-time="" <key>', "expiry-time"),
  ignores("expiry-time=20990101 <key>", "expiry-time"),
];

/** Lines whose key is broken. */
const BROKEN_KEYS: readonly Row[] = [
  ignores("ssh-rsa <key.blob> me", "of type"),
  ignores("ecdsa-sha2-nistp384 <p256.blob>", "of type", { tries: [{ key: "p256" }] }),
  ignores("<key.type> <key.cut> me", "base64", { called: "base64 cut short" }),
  ignores("<key.type> <key.head> <key.tail> me", "damaged", { called: "a blank in the base64" }),
  refuses("damaged", {
    called: "a line break in the base64",
    file: "<key.type> <key.head>\n<key.tail> me\n",
  }),
  ignores("<key>AAAA me", "cannot be read", { called: "bytes behind the key" }),
  ignores("<key.blob> me", "no key", { called: "the type is missing" }),
  ignores("ssh-ed25519", "missing"),
  ignores("1024 35 14763812638172638172638761827361827361287 me", "protocol 1"),
  ignores("<certificate> me", "certificate", { called: "a certificate of the key in its place" }),
  ignores('"<key>" me', "no key", { called: "the whole key in quotes" }),
];

/** Types and sizes of keys. */
const KEY_TYPES: readonly Row[] = [
  takes("<rsa>", { called: "RSA, 2048 bits", tries: [{ key: "rsa" }] }),
  takes("<rsa3072>", { called: "RSA, 3072 bits", tries: [{ key: "rsa3072" }] }),
  takes("<rsa1024>", { called: "RSA, 1024 bits", tries: [{ key: "rsa1024" }] }),
  takes("rsa-sha2-512 <rsa.blob>", { tries: [{ key: "rsa" }] }),
  takes("rsa-sha2-256 <rsa.blob>", { tries: [{ key: "rsa" }] }),
  takes("<p256>", { called: "ECDSA, 256 bits", tries: [{ key: "p256" }] }),
  takes("<p384>", { called: "ECDSA, 384 bits", tries: [{ key: "p384" }] }),
  takes("<p521>", { called: "ECDSA, 521 bits", tries: [{ key: "p521" }] }),
  // No current ssh offers these two: the login is tried without the matching key.
  ignores("<dsa>", "ssh-dss", { called: "DSA", tries: [{ key: "dsa" }] }),
  ignores("<mldsa>", "ssh-mldsa44", { called: "ML-DSA, which this sshd does not know yet" }),
];

/** Keys on a security key: at a login its user touches or verifies, and the line says what sshd requires. */
const SECURITY_KEYS: readonly Row[] = [
  takes("<sk>", { tries: [{ key: "sk" }, { key: "sk", touch: "still", is: "out" }] }),
  takes("<sk256>", { tries: [{ key: "sk256" }, { key: "sk256", touch: "still", is: "out" }] }),
  takes("no-touch-required <sk>", { tries: [{ key: "sk", touch: "still" }] }),
  takes("verify-required <sk>", {
    tries: [
      { key: "sk", touch: "verifies" },
      { key: "sk", is: "out" },
    ],
  }),
];

export const LINE_ROWS: readonly Row[] = [
  ...WHOLE_FILES,
  ...COMMENTS,
  ...BLANKS,
  ...FLAGS,
  ...VALUES,
  ...DATES,
  ...ODD_DATES,
  ...BROKEN_KEYS,
  ...KEY_TYPES,
  ...SECURITY_KEYS,
];

/** Which files sshd reads for an account, in which order, and which of two lines with one key counts. */

const move = (to: string): Disk => ({
  words: `the file is ${to}`,
  make: `mkdir -p "$(dirname ${to})"; mv $file ${to}`,
});
const setting = (values: string): string => `AuthorizedKeysFile ${values}`;
const unreadable = (values: string): Row =>
  refuses("AuthorizedKeysFile", { setting: setting(values), dormant: "AuthorizedKeysFile" });

/** AuthorizedKeysFile: the default, `.ssh/authorized_keys .ssh/authorized_keys2`, and other values. */
export const FILE_ROWS: readonly Row[] = [
  accepts({ disk: move("$home/.ssh/authorized_keys2") }),
  accepts({ setting: setting("%h/.ssh/authorized_keys") }),
  accepts({ setting: setting("/home/%u/.ssh/authorized_keys") }),
  accepts({ setting: setting("/etc/ssh/keys/%u"), disk: move("/etc/ssh/keys/$user") }),
  accepts({ setting: setting("/etc/ssh/keys/%U.pub"), disk: move("/etc/ssh/keys/$(id -u $user).pub") }),
  accepts({ setting: setting("/etc/ssh/keys/%u%%"), disk: move("/etc/ssh/keys/$user%") }),
  accepts({ setting: setting("/etc/ssh/keys/%u .ssh/authorized_keys") }),
  accepts({ setting: setting(".ssh//authorized_keys") }),
  accepts({ setting: setting('".ssh/authorized_keys"') }),
  unreadable("none"),
  unreadable("/etc/ssh/keys/%u"),
  unreadable(".ssh/authorized_keys2"),
  unreadable(".ssh/%u"),
  accepts({ setting: setting(".ssh/auth*") }),
  accepts({ setting: setting(".ssh/authorized_key?") }),
  accepts({ setting: setting(".ssh/authorized_[jk]eys") }),
  accepts({ setting: setting("/etc/ssh/more/%u/*"), disk: move("/etc/ssh/more/$user/10.pub") }),
  unreadable("*/authorized_keys"),
  unreadable(".ssh/*.pub"),
];

/** Where two lines have one key, the first that sshd accepts counts, with all its options. */
export const SHADOW_ROWS: readonly Row[] = [
  accepts({ file: "<key>\n<key>\n", takes: ["authorized_keys:1"], because: "comes first" }),
  accepts({ file: 'command="true" <key>\n<key>\n', takes: ["authorized_keys:1"], because: "comes first" }),
  accepts({ file: 'expiry-time="20200101" <key>\n<key>\n', takes: ["authorized_keys:2"] }),
  accepts({ file: "no-such-option <key>\n<key>\n", takes: ["authorized_keys:2"] }),
  accepts({ file: "cert-authority <key>\n<key>\n", tries: [{}, { certificate: { by: "key" } }] }),
  accepts({
    file: `from="${ELSEWHERE}" <key>\n<key>\n`,
    takes: ["authorized_keys:1", "authorized_keys:2"],
    tries: ANYWHERE,
  }),
  accepts({ file: "<key>\n<rsa>\n", tries: [{}, { key: "rsa" }] }),
  accepts({
    called: "the same key in both default files",
    files: { "/home/<user>/.ssh/authorized_keys2": "<key>\n" },
    takes: ["authorized_keys:1"],
    because: "comes first",
  }),
  accepts({
    called: "the same key in two files, in the order of the setting",
    setting: setting(".ssh/authorized_keys2 .ssh/authorized_keys"),
    files: { "/home/<user>/.ssh/authorized_keys2": "<key>\n" },
    takes: ["authorized_keys2:1"],
    because: "comes first",
  }),
  accepts({
    called: "the first of two files is not safe, the second is",
    files: { "/home/<user>/.ssh/authorized_keys2": "<key>\n" },
    disk: { words: "first file 0666", make: "chmod 666 $file" },
    takes: ["authorized_keys2:1"],
  }),
  accepts({
    called: "two keys, one of them refused",
    setting: "PubkeyAcceptedAlgorithms ssh-ed25519",
    file: "<rsa>\n<key>\n",
    tries: [{}, { key: "rsa", is: "out" }],
    takes: ["authorized_keys:2"],
  }),
];

/** `from=` of a line, tried from two networks of IPv4 and one of IPv6. */

const everywhere = (from: string): Row =>
  accepts({ file: `from="${from}" <key>\n`, tries: [{}, { from: FAR }] });
const here = (from: string): Row => accepts({ file: `from="${from}" <key>\n`, tries: ONLY_HERE });
const elsewhere = (from: string): Row => accepts({ file: `from="${from}" <key>\n`, tries: ONLY_ELSEWHERE });
const nowhere = (from: string): Row =>
  refuses("from", { file: `from="${from}" <key>\n`, tries: [...ANYWHERE, { from: FAR }] });

/** Under `UseDNS no`, the default: sshd looks up no name. */
export const FROM_ROWS: readonly Row[] = [
  ...["*", "10.50.0.1,*", "*,!10.50.0.7", "0.0.0.0/0,::/0"].map(everywhere),
  ...["10.50.0.1", "10.50.0.0/16", "10.50.0.1/32", "10.50.*", "10.50.?.1", "*.example.com,10.50.0.1"].map(
    here,
  ),
  ...["192.0.2.0/24", "!10.50.0.1,*", "!10.50.0.0/16,0.0.0.0/0", "10.50.0.9,192.0.2.1"].map(elsewhere),
  accepts({
    file: 'from="2001:db8::/32" <key>\n',
    tries: [
      { from: FAR, is: "in" },
      { from: HERE, is: "out" },
    ],
  }),
  // A network with host bits set, or with too long a prefix: sshd finds the list invalid and ignores the line.
  ...["10.50.0.1/16", "10.50.0.1/33", "10.50.0.1,192.0.2.1/24", "2001:db8::1/32"].map(nowhere),
  ...[
    "localhost",
    "*.example.com,?.org",
    "!10.50.0.1",
    "!*,10.50.0.1",
    "10.50.0.1,!10.50.0.1",
    " 10.50.0.1",
  ].map(nowhere),
  ...["10.50.0.1,,*", "", ","].map(nowhere),
];

/** Under `UseDNS yes`: the host's /etc/hosts names `HERE` laptop.example.com, and `ELSEWHERE` has no name. */
export const NAMED_FROM_ROWS: readonly Row[] = [
  ...["laptop.example.com", "*.example.com", "LAPTOP.example.com"].map(here),
  ...["!laptop.example.com,*"].map(elsewhere),
  ...["10.50.0.1/16"].map(nowhere),
  accepts({ setting: "AllowUsers <user>@*.example.com", tries: ONLY_HERE }),
  accepts({ setting: "Match User <user> Host laptop.*\nPubkeyAuthentication no", tries: ONLY_ELSEWHERE }),
];
