/** The hosts that the rows are tried on: one for all rows that differ by account only. */
import { CLOSED_UNDER_PAM, CLOSED_WITHOUT_PAM, UNDER_PAM, WITHOUT_PAM } from "./account-rows.ts";
import { CERTIFICATE_ROWS } from "./certificate-rows.ts";
import { DAEMON_GROUNDS } from "./daemon-rows.ts";
import { LAX_ROWS, STRICT_ROWS } from "./disk-rows.ts";
import { FILE_ROWS, SHADOW_ROWS } from "./file-rows.ts";
import { FROM_ROWS, NAMED_FROM_ROWS } from "./from-rows.ts";
import { LINE_ROWS } from "./line-rows.ts";
import { MATCH_ROWS } from "./match-rows.ts";
import { REVOCATION_ROWS } from "./revocation-rows.ts";
import { accepts, type Ground, HERE, ONLY_ELSEWHERE, ONLY_HERE, type Row, refuses } from "./row.ts";
import { SETTING_ROWS } from "./setting-rows.ts";

const NAMES = `echo '${HERE} desk.example.com' >> /etc/hosts`;
const CLOSE = "echo closed > /etc/nologin";
const WEST = "ln -sf /usr/share/zoneinfo/Etc/GMT+9 /etc/localtime";

/** The host is nine hours behind UTC. */
const ZONE_ROWS: readonly Row[] = [
  accepts({
    called: "expires in two hours, said in the host's time",
    file: 'expiry-time="<now-7h>" <key>\n',
  }),
  refuses("has passed", {
    called: "expired two hours ago, said in the host's time",
    file: 'expiry-time="<now-11h>" <key>\n',
  }),
  accepts({ called: "expires in two hours, said in UTC", file: 'expiry-time="<now+2h>Z" <key>\n' }),
  refuses("has passed", {
    called: "expired two hours ago, said in UTC",
    file: 'expiry-time="<now-2h>UTC" <key>\n',
  }),
];

const LISTS = [
  "UsePAM yes",
  "AllowUsers alice bo* carol@10.50.0.0/16",
  "allowusers=dave@192.0.2.0/24 erin greta@localhost 'henry' ina,jan",
  "DenyUsers erin fred bo?by carl@10.50.0.1",
  "AllowUsers carl",
].join("\n");
const named = (user: string): { user: string; called: string } => ({ user, called: user });

/** Several lists over several lines: they add up, and who is denied is not saved by being allowed. */
const LIST_ROWS: readonly Row[] = [
  ...["alice", "bob", "boby", "henry"].map((user) => accepts(named(user))),
  accepts({ ...named("carol"), tries: ONLY_HERE }),
  accepts({ ...named("dave"), tries: ONLY_ELSEWHERE }),
  accepts({ ...named("carl"), tries: ONLY_ELSEWHERE }),
  ...["bobby", "erin", "fred"].map((user) => refuses("DenyUsers", named(user))),
  ...["greta", "ina", "zoe"].map((user) => refuses("AllowUsers", named(user))),
];

const GROUPS = "UsePAM yes\nAllowGroups ops wheel* own\nDenyGroups bad";
const GROUP_ROWS: readonly Row[] = [
  accepts({ account: { words: "in ops", groups: ["ops"] } }),
  accepts({ account: { words: "in wheels", groups: ["wheels"] } }),
  accepts({ user: "own", called: "its own group is allowed" }),
  refuses("DenyGroups", { account: { words: "in ops and bad", groups: ["ops", "bad"] } }),
  refuses("AllowGroups", { account: { words: "in no other group" } }),
];

/** What the daemon was started with counts before its file. */
const OPTIONS = [
  "-oPubkeyAcceptedAlgorithms=rsa-sha2-512",
  "-o",
  "AllowUsers ed* rsa",
  "-o",
  "StrictModes=no",
];
const RSA = { file: "<rsa>\n", tries: [{ key: "rsa" }] };
const OPTION_ROWS: readonly Row[] = [
  refuses("PubkeyAcceptedAlgorithms", named("ed")),
  accepts({ ...named("rsa"), ...RSA }),
  refuses("AllowUsers", { ...named("other"), ...RSA }),
  accepts({ ...named("edrsa"), ...RSA, disk: { words: "home 0777", make: "chmod 777 $home" } }),
];

/** A host with few accounts is collected in no time, even where the machine is busy. */
const ROWS_A_HOST = 36;

/** As many hosts as the rows need. */
function grounds(name: string, config: string, rows: readonly Row[]): Ground[] {
  const count = Math.ceil(rows.length / ROWS_A_HOST);
  return Array.from({ length: count }, (_, index) => ({
    name: count === 1 ? name : `${name}, ${index + 1} of ${count}`,
    config,
    rows: rows.slice(index * ROWS_A_HOST, (index + 1) * ROWS_A_HOST),
  }));
}

export const GROUNDS: readonly Ground[] = [
  ...grounds("the forms of a line", "UsePAM yes", LINE_ROWS),
  { name: "from where, UseDNS no", config: "UsePAM yes", rows: FROM_ROWS },
  { name: "from where, UseDNS yes", config: "UsePAM yes\nUseDNS yes", before: NAMES, rows: NAMED_FROM_ROWS },
  { name: "a host nine hours behind", config: "UsePAM yes", before: WEST, rows: ZONE_ROWS },
  { name: "accounts, UsePAM yes", config: "UsePAM yes", rows: UNDER_PAM },
  { name: "accounts, UsePAM no", config: "UsePAM no", rows: WITHOUT_PAM },
  { name: "/etc/nologin, UsePAM yes", config: "UsePAM yes", before: CLOSE, rows: CLOSED_UNDER_PAM },
  { name: "/etc/nologin, UsePAM no", config: "UsePAM no", before: CLOSE, rows: CLOSED_WITHOUT_PAM },
  { name: "modes and owners, StrictModes yes", config: "UsePAM yes", rows: STRICT_ROWS },
  { name: "modes and owners, StrictModes no", config: "UsePAM yes\nStrictModes no", rows: LAX_ROWS },
  ...grounds("settings", "UsePAM yes", SETTING_ROWS),
  ...grounds("files", "UsePAM yes", [...FILE_ROWS, ...SHADOW_ROWS]),
  ...grounds("Match and Include", "UsePAM yes", MATCH_ROWS),
  ...grounds("revoked keys", "UsePAM yes", REVOCATION_ROWS),
  ...grounds("certificates", "UsePAM yes", CERTIFICATE_ROWS),
  {
    name: "RevokedKeys none, TrustedUserCAKeys none and ChrootDirectory none for everybody",
    config: "UsePAM yes\nRevokedKeys none\nTrustedUserCAKeys none\nChrootDirectory none",
    rows: [accepts({})],
  },
  { name: LISTS.replaceAll("\n", "; "), config: LISTS, rows: LIST_ROWS },
  { name: GROUPS.replaceAll("\n", "; "), config: GROUPS, rows: GROUP_ROWS },
  {
    name: `started with ${OPTIONS.join(" ")}`,
    config: "UsePAM yes\nAllowUsers nobody",
    sshdOptions: OPTIONS,
    rows: OPTION_ROWS,
  },
  ...DAEMON_GROUNDS,
];
