import {
  CLOSED_UNDER_PAM,
  CLOSED_WITHOUT_PAM,
  LAX_ROWS,
  STRICT_ROWS,
  UNDER_PAM,
  WITHOUT_PAM,
} from "./account-rows.ts";
import { CERTIFICATE_ROWS, REVOCATION_ROWS } from "./certificate-rows.ts";
import { FILE_ROWS, FROM_ROWS, LINE_ROWS, NAMED_FROM_ROWS, SHADOW_ROWS } from "./line-rows.ts";
import {
  type AccountState,
  accepts,
  HERE,
  type HostFixture,
  type Keys,
  ONLY_ELSEWHERE,
  ONLY_HERE,
  type Row,
  refuses,
  spell,
  type Try,
} from "./row.ts";
import { MATCH_ROWS, SETTING_ROWS } from "./setting-rows.ts";

const userNamed = (user: string): { user: string; called: string } => ({ user, called: user });

/** Hosts with more than one sshd, and with one that has not reloaded its changed file. */

const CLOSED = "PubkeyAuthentication no";

/** POSIX sh that starts a further sshd with this configuration in its own file, and waits until it listens. */
const start = (port: number, config: readonly string[]): string => `
  cat > /etc/ssh/sshd_${port} <<'END'
${["UsePAM yes", "LogLevel VERBOSE", "MaxStartups 100", ...config].join("\n")}
END
  /usr/sbin/sshd -f /etc/ssh/sshd_${port} -o PidFile=/run/sshd_${port}.pid -o PerSourcePenalties=no -p ${port}
  until [ -s /run/sshd_${port}.pid ]; do :; done`;

/** POSIX sh that reloads a running sshd, and waits until it has read its file. */
const reload = (port: number): string => `
  pid=$(cat /run/sshd_${port}.pid); echo asked > /run/sshd_${port}.pid; kill -HUP $pid
  until [ "$(cat /run/sshd_${port}.pid 2>&1)" = $pid ]; do :; done`;

const on = (port: number, is: Try["is"]): Try => ({ port, ...(is && { is }) });
const both = (first: Try["is"], second: Try["is"]): readonly Try[] => [on(22, first), on(2222, second)];

const TWO: HostFixture = {
  name: "two daemons, the other on port 2222 with a file of its own",
  config: "UsePAM yes",
  after: start(2222, [
    "Match User there",
    CLOSED,
    "Match User nowhere",
    CLOSED,
    "Match User moved",
    "AuthorizedKeysFile /etc/ssh/others/%u",
    "Match User root*",
    "PermitRootLogin yes",
  ]),
  rows: [
    accepts({ ...userNamed("everywhere"), tries: both("in", "in") }),
    accepts({ ...userNamed("here"), setting: CLOSED, tries: both("out", "in"), because: "only one" }),
    accepts({ ...userNamed("there"), tries: both("in", "out"), because: "only one" }),
    refuses("PubkeyAuthentication", { ...userNamed("nowhere"), setting: CLOSED, tries: both("out", "out") }),
    accepts({
      ...userNamed("moved"),
      disk: {
        words: "the file is where the other looks",
        make: "mkdir -p /etc/ssh/others; mv $file /etc/ssh/others/$user",
      },
      tries: both("out", "in"),
      because: "only one",
    }),
    accepts({
      ...userNamed("roots"),
      account: { words: "uid 0", uid: 0 },
      setting: "PermitRootLogin no",
      tries: both("out", "in"),
    }),
  ],
};

/** The first daemon lets nobody in: the further one decides. */
const NOBODY = "UsePAM yes\nDenyUsers *";
const SECOND: readonly Try[] = [on(2223, undefined)];
/** Sets the file's time to a minute after the daemon has read it. */
const CHANGED = "touch -d '+1 minute' /etc/ssh/sshd_2223";

const STALE: HostFixture = {
  name: "a daemon that was not reloaded after its file changed",
  config: NOBODY,
  after: `${start(2223, ["DenyUsers opened"])}
    sed -i 's/DenyUsers opened/DenyUsers closed/' /etc/ssh/sshd_2223; ${CHANGED}`,
  rows: [
    accepts({
      ...userNamed("closed"),
      called: "the file refuses it by now",
      tries: SECOND,
      open: "not reloaded",
    }),
    refuses("DenyUsers", {
      ...userNamed("opened"),
      called: "the file lets it in by now",
      tries: SECOND,
      open: "not reloaded",
    }),
    accepts({
      ...userNamed("same"),
      called: "the file says what it said",
      tries: SECOND,
      open: "not reloaded",
    }),
  ],
};

const RELOADED: HostFixture = {
  name: "a daemon that was reloaded after its file changed",
  config: NOBODY,
  after: `${start(2224, ["DenyUsers opened"])}
    sed -i 's/DenyUsers opened/DenyUsers closed/' /etc/ssh/sshd_2224; ${reload(2224)}`,
  rows: [
    refuses("DenyUsers", { ...userNamed("closed"), tries: [on(2224, undefined)] }),
    accepts({ ...userNamed("opened"), tries: [on(2224, undefined)] }),
  ],
};

const DAEMON_GROUNDS: readonly HostFixture[] = [TWO, STALE, RELOADED];

/** The hosts that the rows are tried on: one for all rows that differ by account only. */

const NAMES = `echo '${HERE} laptop.example.com' >> /etc/hosts`;
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

/** Lists over several lines: they add up, and a denial counts before an allowance. */
const LIST_ROWS: readonly Row[] = [
  ...["alice", "bob", "boby", "henry"].map((user) => accepts(userNamed(user))),
  accepts({ ...userNamed("carol"), tries: ONLY_HERE }),
  accepts({ ...userNamed("dave"), tries: ONLY_ELSEWHERE }),
  accepts({ ...userNamed("carl"), tries: ONLY_ELSEWHERE }),
  ...["bobby", "erin", "fred"].map((user) => refuses("DenyUsers", userNamed(user))),
  ...["greta", "ina", "zoe"].map((user) => refuses("AllowUsers", userNamed(user))),
];

const GROUPS = "UsePAM yes\nAllowGroups ops wheel* own\nDenyGroups bad";
const GROUP_ROWS: readonly Row[] = [
  accepts({ account: { words: "in ops", groups: ["ops"] } }),
  accepts({ account: { words: "in wheels", groups: ["wheels"] } }),
  accepts({ user: "own", called: "its own group is allowed" }),
  refuses("DenyGroups", { account: { words: "in ops and bad", groups: ["ops", "bad"] } }),
  refuses("AllowGroups", { account: { words: "in no other group" } }),
];

/** Options on the daemon's command line count before its file. */
const OPTIONS = [
  "-oPubkeyAcceptedAlgorithms=rsa-sha2-512",
  "-o",
  "AllowUsers ed* rsa",
  "-o",
  "StrictModes=no",
];
const RSA = { file: "<rsa>\n", tries: [{ key: "rsa" }] };
const OPTION_ROWS: readonly Row[] = [
  refuses("PubkeyAcceptedAlgorithms", userNamed("ed")),
  accepts({ ...userNamed("rsa"), ...RSA }),
  refuses("AllowUsers", { ...userNamed("other"), ...RSA }),
  accepts({ ...userNamed("edrsa"), ...RSA, disk: { words: "home 0777", make: "chmod 777 $home" } }),
];

/** Few accounts a host, so that the collector is quick even on a busy machine. */
const ROWS_A_HOST = 36;

/** As many hosts as the rows need. */
function grounds(name: string, config: string, rows: readonly Row[]): HostFixture[] {
  const count = Math.ceil(rows.length / ROWS_A_HOST);
  return Array.from({ length: count }, (_, index) => ({
    name: count === 1 ? name : `${name}, ${index + 1} of ${count}`,
    config,
    rows: rows.slice(index * ROWS_A_HOST, (index + 1) * ROWS_A_HOST),
  }));
}

export const GROUNDS: readonly HostFixture[] = [
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

/** Rows as a host has them: accounts with their files, and one sshd_config for all. */

const FIRST_UID = 20_000;
const DAY_MS = 86_400_000;
/** Changed on day 20000 (October 2024), and valid for 99999 days. */
const ORDINARY_AGE = [20_000, 99_999, null] as const;

/** An account of the host, as `#testing/lab/make-accounts.ts` makes it. */
export type Actor = {
  row: Row;
  name: string;
  uid: number;
  home: string;
  shell: string;
  groups: readonly string[];
  shadow: string;
  keys: Buffer | null;
  files: Record<string, Buffer>;
  make: string;
  tries: readonly Try[];
};

const BYSTANDER: Row = { called: "somebody else", file: "", sshd: "refuses", tries: [] };
/** The ordinary account, with a key of its own, as which each host is scanned besides as root. */
export const WATCHER = "watcher";

/** An account for each row, and two without a row: "other" and the watcher. */
export function layOut({ rows }: HostFixture, keys: Keys, now: Date): Actor[] {
  const watcher: Row = { user: WATCHER, sshd: "accepts" };
  return [...rows, { ...BYSTANDER, user: "other" }, watcher].map((row, index) => {
    const user = row.user ?? `m${index}`;
    const said = (text: string) => spell(text, keys, { user, now });
    const { uid = FIRST_UID + index, shell = "/bin/sh", groups = [] } = row.account ?? {};
    const file = said(row.file ?? "<key>\n");
    const files = Object.entries(row.files ?? {}).map(([path, text]) => [
      said(path),
      Buffer.from(said(text)),
    ]);
    return {
      row,
      name: user,
      uid,
      shell,
      groups,
      home: user === "root" ? "/root" : `/home/${user}`,
      shadow: shadowOf(row.account ?? { words: "" }, now),
      keys: file === "" ? null : Buffer.from(file),
      files: Object.fromEntries(files),
      make: row.disk?.make ?? "",
      tries: row.tries ?? [{}],
    };
  });
}

function shadowOf({ password = "*", expires, age = ORDINARY_AGE }: AccountState, now: Date): string {
  const [changed, most, grace] = age;
  const today = Math.floor(now.getTime() / DAY_MS);
  const lastDay = expires === "today" ? today : expires;
  return [password, changed, 0, most, 7, grace ?? "", lastDay ?? "", ""].join(":");
}

/** The global part, the Include lines of rows, and a Match block for every row that has a setting. */
export function writeConfig({ config }: HostFixture, actors: readonly Actor[]): string {
  const settings = actors.flatMap(({ name, row: { setting } }) =>
    setting === undefined ? [] : [spell(setting, {}, { user: name })],
  );
  // An Include after a Match belongs to it.
  const included = settings.filter((text) => /^include/i.test(text));
  const matched = actors.flatMap(({ name, row: { setting } }) => {
    if (setting === undefined || /^include/i.test(setting)) return [];
    const text = spell(setting, {}, { user: name });
    return [/^match/i.test(text) ? text : `Match User ${name}\n${text}`];
  });
  return [config, "LogLevel VERBOSE", "MaxStartups 100", ...included, ...matched, "Match All", ""].join("\n");
}
