import { PASSWORD } from "./account-rows.ts";
import {
  type AccountState,
  ANYWHERE,
  accepts,
  ELSEWHERE,
  HERE,
  ONLY_ELSEWHERE,
  ONLY_HERE,
  type Row,
  refuses,
} from "./row.ts";

/** Settings of sshd for a key or an account; a Match block of its own sets each for one account. */

const RSA: Partial<Row> = { file: "<rsa>\n", tries: [{ key: "rsa" }] };
const ECDSA: Partial<Row> = { file: "<p256>\n", tries: [{ key: "p256" }] };

const KEYS_AT_ALL: readonly Row[] = [
  accepts({ setting: "PubkeyAuthentication yes" }),
  refuses("PubkeyAuthentication", { setting: "PubkeyAuthentication no", dormant: "PubkeyAuthentication" }),
  refuses("PubkeyAuthentication", { setting: "pubkeyauthentication=no" }),
  refuses("RefuseConnection", { setting: "RefuseConnection yes", dormant: "RefuseConnection" }),
];

const ALGORITHMS: readonly Row[] = [
  refuses("PubkeyAcceptedAlgorithms", {
    setting: "PubkeyAcceptedAlgorithms -ssh-ed*",
    dormant: "PubkeyAcceptedAlgorithms",
  }),
  refuses("PubkeyAcceptedAlgorithms", { setting: "PubkeyAcceptedAlgorithms rsa-sha2-512,ecdsa-sha2-*" }),
  refuses("PubkeyAcceptedAlgorithms", { setting: "PubkeyAcceptedKeyTypes rsa-sha2-512" }),
  accepts({ setting: "PubkeyAcceptedAlgorithms +ssh-rsa" }),
  accepts({ setting: "PubkeyAcceptedAlgorithms ^rsa-sha2-512" }),
  accepts({ setting: "PubkeyAcceptedAlgorithms ssh-ed25519" }),
  accepts({ setting: "PubkeyAcceptedAlgorithms rsa-sha2-256", ...RSA }),
  refuses("PubkeyAcceptedAlgorithms", { setting: "PubkeyAcceptedAlgorithms ssh-ed25519", ...RSA }),
  refuses("PubkeyAcceptedAlgorithms", { setting: "PubkeyAcceptedAlgorithms ssh-ed25519", ...ECDSA }),
  refuses("PubkeyAcceptedAlgorithms", {
    setting: "PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com",
  }),
  accepts({ setting: "RequiredRSASize 2048", ...RSA }),
  refuses("RequiredRSASize", { setting: "RequiredRSASize 3072", ...RSA, dormant: "RequiredRSASize" }),
  refuses("RequiredRSASize", {
    setting: "RequiredRSASize 2048",
    file: "<rsa1024>\n",
    tries: [{ key: "rsa1024" }],
  }),
  accepts({ setting: "RequiredRSASize 4096" }),
  accepts({
    setting: "PubkeyAuthOptions touch-required",
    file: "no-touch-required <sk>\n",
    tries: [{ key: "sk" }, { key: "sk", touch: "still", is: "out" }],
  }),
  accepts({
    setting: "PubkeyAuthOptions verify-required",
    file: "<sk>\n",
    tries: [
      { key: "sk", touch: "verifies" },
      { key: "sk", is: "out" },
    ],
  }),
];

const WITH_PASSWORD = {
  account: { words: "a password", password: PASSWORD },
  tries: [{ is: "out" }, { password: true, is: "in" }],
  because: "not enough",
} satisfies Partial<Row>;

const METHODS: readonly Row[] = [
  accepts({ setting: "AuthenticationMethods publickey" }),
  accepts({ setting: "AuthenticationMethods any" }),
  accepts({ setting: "AuthenticationMethods publickey,password publickey" }),
  accepts({ setting: "AuthenticationMethods publickey,password", ...WITH_PASSWORD }),
  accepts({ setting: "AuthenticationMethods password,publickey", ...WITH_PASSWORD }),
  accepts({
    setting: "AuthenticationMethods publickey,publickey",
    file: "<key>\n<rsa>\n",
    tries: [{ is: "out" }, { key: "key,rsa" }],
    because: "not enough",
  }),
  refuses("AuthenticationMethods", {
    setting: "AuthenticationMethods password keyboard-interactive",
    dormant: "AuthenticationMethods",
  }),
  refuses("AuthenticationMethods", { setting: "AuthenticationMethods hostbased,password" }),
  refuses("AuthenticationMethods", {
    setting: "AuthenticationMethods publickey,password\n  PasswordAuthentication no",
  }),
];

const ROOT: AccountState = { words: "uid 0", uid: 0 };
const COMMAND = { file: 'command="true" <key>\n' };

const ROOTS: readonly Row[] = [
  accepts({ account: ROOT }),
  accepts({ account: ROOT, setting: "PermitRootLogin yes" }),
  accepts({ account: ROOT, setting: "PermitRootLogin prohibit-password" }),
  accepts({ account: ROOT, setting: "PermitRootLogin without-password" }),
  accepts({ account: ROOT, setting: "PermitRootLogin forced-commands-only", ...COMMAND }),
  refuses("PermitRootLogin", {
    account: ROOT,
    setting: "PermitRootLogin forced-commands-only",
    dormant: "PermitRootLogin",
  }),
  accepts({
    account: ROOT,
    setting: "PermitRootLogin forced-commands-only",
    file: '<rsa>\ncommand="true" <key>\n',
    tries: [{}, { key: "rsa", is: "out" }],
    takes: ["authorized_keys:2"],
  }),
  refuses("PermitRootLogin", {
    account: ROOT,
    setting: "PermitRootLogin forced-commands-only\nForceCommand true",
  }),
  refuses("PermitRootLogin", { account: ROOT, setting: "PermitRootLogin no", dormant: "PermitRootLogin" }),
  refuses("PermitRootLogin", { account: ROOT, setting: "PermitRootLogin no", ...COMMAND }),
  accepts({ setting: "PermitRootLogin no" }),
  refuses("PermitRootLogin", {
    user: "root",
    account: { words: "root itself" },
    setting: "PermitRootLogin no",
  }),
];

const CHROOT: readonly Row[] = [
  accepts({ setting: "ChrootDirectory none" }),
  accepts({ setting: "ChrootDirectory /" }),
  accepts({
    setting: "ChrootDirectory /srv/jail/%u",
    disk: { words: "root's, 0755", make: "mkdir -p /srv/jail/$user" },
  }),
  accepts({
    setting: "ChrootDirectory /srv/jail/%u",
    account: { words: "shell does not exist", shell: "/bin/no-such-shell" },
    disk: { words: "root's, 0755", make: "mkdir -p /srv/jail/$user" },
  }),
  refuses("ChrootDirectory", { setting: "ChrootDirectory /no/such", dormant: "ChrootDirectory" }),
  refuses("ChrootDirectory", { setting: "ChrootDirectory %h", dormant: "ChrootDirectory" }),
  refuses("ChrootDirectory", {
    setting: "ChrootDirectory /srv/jail/%u",
    disk: { words: "0775", make: "mkdir -p /srv/jail/$user; chmod 775 /srv/jail/$user" },
  }),
  refuses("ChrootDirectory", {
    setting: "ChrootDirectory /srv/%U/in",
    disk: {
      words: "the folder above it is the account's",
      make: "id=$(id -u $user); mkdir -p /srv/$id/in; chown $user /srv/$id",
    },
  }),
  refuses("ChrootDirectory", {
    setting: "ChrootDirectory /srv/jail/%u",
    disk: { words: "a file in its place", make: "mkdir -p /srv/jail; : > /srv/jail/$user" },
  }),
  accepts({
    setting: "ChrootDirectory /srv/jail/%u",
    disk: {
      words: "a link to a good one",
      make: "mkdir -p /srv/jail /srv/good; ln -s /srv/good /srv/jail/$user",
    },
  }),
];

const COMMANDS: readonly Row[] = [
  accepts({ setting: "ForceCommand true" }),
  accepts({ setting: "DisableForwarding yes\nPermitTTY no\nAllowTcpForwarding no" }),
];

/** Who may log in, for one account; for lists over several lines, see LIST_ROWS in host-fixtures.ts. */
const WHO: readonly Row[] = [
  accepts({ setting: "AllowUsers <user>" }),
  accepts({ user: "bobby", setting: "AllowUsers bo*" }),
  accepts({ setting: `AllowUsers <user>@${HERE}`, tries: ONLY_HERE }),
  accepts({ setting: "AllowUsers <user>@192.0.2.0/24", tries: ONLY_ELSEWHERE }),
  refuses("AllowUsers", { setting: "AllowUsers other", dormant: "AllowUsers" }),
  refuses("AllowUsers", { setting: "AllowUsers <user>@laptop.example.com", tries: ANYWHERE }),
  refuses("DenyUsers", { setting: "DenyUsers <user>", dormant: "DenyUsers" }),
  refuses("DenyUsers", { setting: "AllowUsers <user>\nDenyUsers <user>" }),
  refuses("DenyUsers", { setting: "DenyUsers <user>@*", tries: ANYWHERE }),
  accepts({ setting: `DenyUsers <user>@${HERE}`, tries: ONLY_ELSEWHERE }),
  accepts({ setting: `DenyUsers <user>@!${ELSEWHERE},*`, tries: ONLY_ELSEWHERE }),
  accepts({ setting: "DenyUsers other" }),
  accepts({ setting: "AllowGroups staff", account: { words: "in staff", groups: ["staff"] } }),
  accepts({ setting: "AllowGroups <user>" }),
  refuses("AllowGroups", { setting: "AllowGroups staff", dormant: "AllowGroups" }),
  refuses("DenyGroups", { setting: "DenyGroups st*", account: { words: "in staff", groups: ["staff"] } }),
  refuses("DenyGroups", {
    setting: "AllowUsers <user>\nDenyGroups staff",
    account: { words: "in staff", groups: ["staff"] },
  }),
  refuses("AllowUsers", { setting: "AllowUsers other\nAllowGroups <user>" }),
];

export const SETTING_ROWS: readonly Row[] = [
  ...KEYS_AT_ALL,
  ...ALGORITHMS,
  ...METHODS,
  ...ROOTS,
  ...CHROOT,
  ...COMMANDS,
  ...WHO,
];

/** Match and Include: which lines of the configuration count for an account; the first of them decides. */

const CLOSES = "PubkeyAuthentication no";
const OPENS = "PubkeyAuthentication yes";
const match = (criteria: string, ...lines: string[]): string => [`Match ${criteria}`, ...lines].join("\n");
const closed = (setting: string, more: Partial<Row> = {}): Row =>
  refuses("PubkeyAuthentication", { setting, tries: ANYWHERE, ...more });
const open = (setting: string, more: Partial<Row> = {}): Row =>
  accepts({ setting, tries: ANYWHERE, ...more });

const IN_OPS = { words: "in ops", groups: ["ops"] };
const IN_GAMES = { words: "in games", groups: ["games"] };

const BY_ACCOUNT: readonly Row[] = [
  closed(match("User <user>", CLOSES), { dormant: "PubkeyAuthentication" }),
  closed(match("User=<user>", CLOSES)),
  closed(match('user "<user>,nobody"', CLOSES)),
  closed(match("User zz*,<user>", CLOSES)),
  closed(match("User <user>", `"PubkeyAuthentication"   no   # quoted`)),
  open(match("User other,!<user>,*x", CLOSES)),
  open(match("User nobody", CLOSES)),
  closed(match("Group ops", `${CLOSES} # the team`), { account: IN_OPS }),
  open(match("User <user> Group ops", CLOSES)),
  open(match("User <user> Group *,!games", CLOSES), { account: IN_GAMES }),
  closed(match("User <user> Group *,!games", CLOSES)),
  open(match("User <user> Invalid-User", CLOSES)),
  closed(`${match("User <user>", CLOSES)}\n${match("User <user>", OPENS)}`),
  open(`${match("User <user>", OPENS)}\n${match("User <user>", CLOSES)}`),
  closed(match("User <user> Version *", CLOSES), { called: "a Match on every version of sshd" }),
];

const BY_CONNECTION: readonly Row[] = [
  accepts({ setting: match(`User <user> Address ${HERE}`, CLOSES), tries: ONLY_ELSEWHERE }),
  accepts({ setting: match("User <user> Address 10.50.0.0/16", CLOSES), tries: ONLY_ELSEWHERE }),
  accepts({ setting: match("User <user> Address *,!192.0.2.0/24", CLOSES), tries: ONLY_ELSEWHERE }),
  accepts({ setting: match(`User <user> Address ${ELSEWHERE}`, CLOSES), tries: ONLY_HERE }),
  closed(match("User <user> Address *", CLOSES)),
  accepts({
    setting: `${match("User <user> Address 10.50.0.0/16", OPENS)}\n${match("User <user>", CLOSES)}`,
    tries: ONLY_HERE,
  }),
  accepts({
    setting: `${match("User <user> Address 192.0.2.0/24", OPENS)}\n${match("User <user>", CLOSES)}`,
    tries: ONLY_ELSEWHERE,
  }),
  accepts({
    setting: match(`User <user> Address ${HERE}`, "AuthorizedKeysFile /etc/ssh/here/%u"),
    tries: ONLY_ELSEWHERE,
  }),
  accepts({
    setting: match(`User <user> Address ${HERE}`, "AuthorizedKeysFile /etc/ssh/here/%u"),
    disk: { words: "moved there", make: "mkdir -p /etc/ssh/here; mv $file /etc/ssh/here/$user" },
    tries: ONLY_HERE,
  }),
  open(match("User <user> Host localhost", CLOSES)),
  closed(match("User <user> LocalPort 22", CLOSES)),
  open(match("User <user> LocalPort 2222", CLOSES)),
  open(match("User <user> LocalAddress 203.0.113.9", CLOSES)),
];

const include = (text: string, more: Partial<Row> & { rest?: string }, is: typeof open): Row => {
  const { rest = "", ...row } = more;
  return is(`Include more/<user>-*.conf\n${rest}`.trim(), {
    files: { "/etc/ssh/more/<user>-1.conf": text },
    ...row,
  });
};

const BY_INCLUDE: readonly Row[] = [
  include(match("User <user>", CLOSES), {}, closed),
  include(match("User other", CLOSES), {}, open),
  include(match("User <user>", OPENS), { rest: match("User <user>", CLOSES) }, open),
  include(CLOSES, { setting: match("User <user>", "Include more/<user>-1.conf") }, closed),
  include(CLOSES, { setting: match("User nobody", "Include more/<user>-1.conf") }, open),
  closed(match("User <user> Group *", "Include more/<user>-1.conf"), {
    called: "a Match in a file that a Match includes",
    files: { "/etc/ssh/more/<user>-1.conf": match("User <user>,other", CLOSES) },
  }),
  open(match("User other", "Include more/<user>-1.conf"), {
    called: "a Match in a file that another's Match includes",
    files: { "/etc/ssh/more/<user>-1.conf": match("User <user>", CLOSES) },
  }),
  open("Include /etc/ssh/no-such-*.conf"),
  closed(match("User <user>", "Include /etc/ssh/two/<user>/*.conf", OPENS), {
    called: "the first of two included files counts",
    files: { "/etc/ssh/two/<user>/10.conf": CLOSES, "/etc/ssh/two/<user>/20.conf": OPENS },
  }),
];

export const MATCH_ROWS: readonly Row[] = [...BY_ACCOUNT, ...BY_CONNECTION, ...BY_INCLUDE];
