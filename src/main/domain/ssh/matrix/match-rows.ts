/** Match and Include: which lines of the configuration count for an account, and that the first of them does. */
import { ANYWHERE, accepts, ELSEWHERE, HERE, ONLY_ELSEWHERE, ONLY_HERE, type Row, refuses } from "./row.ts";

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
