/**
 * The lab matrix: an authorized_keys file, settings of sshd, the state of the account and its files, and whether sshd
 * lets the key in. matrix.lab.test.ts tries every row by a real login, and our verdict must agree.
 *
 * In every text `<user>` means the account, and `<key>`, `<rsa>`, ... that public key as written in a
 * line; `<key.blob>` and so on for parts of it (`spell`).
 */
export type Row = {
  /** A title, where the parts of the row are unclear or too long. */
  called?: string;
  /** The account's name, where it matters. */
  user?: string;
  /** ~/.ssh/authorized_keys, byte for byte: one line with `<key>` unless given. */
  file?: string;
  /** Other files by path, all of them root's. */
  files?: Readonly<Record<string, string>>;
  /** Lines of sshd_config for this account alone: they go under `Match User <user>`, but for a Match or Include. */
  setting?: string;
  account?: AccountState;
  disk?: Disk;
  /** The row is let in when one of these logins is. With `<key>` from `HERE` unless given. */
  tries?: readonly Try[];
  sshd: "accepts" | "refuses";
  /** The lines that let somebody in, where not every line does: `authorized_keys2:1`. */
  takes?: readonly string[];
  /** What our reasons must name: the setting or the thing that decides. */
  because?: string;
  /** The one setting without which the key would be let in. */
  dormant?: string;
  /** Why nobody can know from what is on the host: then our verdict must be unknown. */
  open?: string;
  /** Where sshd gets the key from, where it is in no file: we report it as other access. */
  otherAccess?: string;
};

/** What passwd, group and shadow say of an account that is not an ordinary one. */
export type AccountState = {
  words: string;
  uid?: number;
  shell?: string;
  /** Groups besides its own. */
  groups?: readonly string[];
  /** The password field of shadow: "*" unless given. */
  password?: string;
  /** Days since the epoch; "today" is the day of the test. */
  expires?: number | "today";
  /** Day of the last change, its longest age and the days of grace after it. */
  age?: readonly [changed: number, most: number, grace: number | null];
};

/** POSIX sh that root runs on the host once the account exists: with $user, $home and $file. */
export type Disk = { words: string; make: string };

export type Try = {
  /** "key" unless given. */
  key?: string;
  /** Only the certificate is tried, not its key. */
  certificate?: Certificate;
  /** The client also gives the password, when sshd asks for it. */
  password?: true;
  /** What the user of a security key does: "touches" unless given. */
  touch?: "touches" | "verifies" | "still";
  /** The login runs a command, or forwards a port without a session: "command" unless given. */
  how?: "command" | "forwarding";
  /** The client's address: `HERE` unless given. */
  from?: string;
  /** 22 unless given. */
  port?: number;
  /** sshd's answer to this login; that of the row unless given. */
  is?: "in" | "out";
};

/** ssh-keygen's options for a certificate of the key "holder": unless given, valid always, for `<user>`, by "ca". */
export type Certificate = {
  by?: string;
  principals?: string;
  /** As `ssh-keygen -V` takes it. */
  validity?: string;
  serial?: number;
  id?: string;
  /** Further options of ssh-keygen: `-O`, `-h`. */
  options?: readonly string[];
};

/** A host for rows that share what cannot differ between accounts. */
export type HostFixture = {
  name: string;
  /** The global part of sshd_config. */
  config: string;
  /** POSIX sh: `before` runs before the accounts are made, `after` once sshd listens. */
  before?: string;
  after?: string;
  sshdOptions?: readonly string[];
  rows: readonly Row[];
};

/** The client's address: two of the test's own networks, and one of IPv6. */
export const HERE = "10.50.0.1";
export const ELSEWHERE = "192.0.2.1";
export const FAR = "2001:db8::1";

/** Two logins, from two networks: shows whether sshd refuses in one of them only. */
export const ANYWHERE: readonly Try[] = [{}, { from: ELSEWHERE }];
/** Refused from HERE and let in from ELSEWHERE; below, the other way round. */
export const ONLY_ELSEWHERE: readonly Try[] = [{ is: "out" }, { from: ELSEWHERE, is: "in" }];
export const ONLY_HERE: readonly Try[] = [{ is: "in" }, { from: ELSEWHERE, is: "out" }];

type Parts = Omit<Row, "sshd" | "because">;

export const accepts = (parts: Parts & { because?: string }): Row => ({ ...parts, sshd: "accepts" });
export const refuses = (because: string, parts: Parts): Row => ({ ...parts, sshd: "refuses", because });

/** Public keys by the names that rows use, as written in a line: a type, a blank, base64. */
export type Keys = Readonly<Record<string, string>>;

/**
 * Replaces the names of keys, the account and times: `<key>`, `<user>`, `<now+2h>` (UTC, to the second), and of
 * a key `<key.type>`, `<key.blob>`, its beginning `<key.head>`, the rest `<key.tail>`, and `<key.cut>` without its end.
 */
export function spell(text: string, keys: Keys, { user = "", now = new Date(0) } = {}): string {
  return text.replace(/<([a-z0-9]+)(?:\.([a-z]+)|([+-]\d+)h)?>/g, (whole, name, part, hours) => {
    if (name === "user") return user;
    if (name === "now") return formatTime(new Date(now.getTime() + Number(hours ?? 0) * 3_600_000));
    const key = keys[name];
    if (key === undefined) throw new Error(`no key is called ${whole}`);
    const [type = "", blob = ""] = key.split(" ");
    switch (part) {
      case undefined:
        return key;
      case "type":
        return type;
      case "blob":
        return blob;
      case "head":
        return blob.slice(0, 40);
      case "tail":
        return blob.slice(40);
      case "cut":
        return blob.slice(0, -6);
      default:
        throw new Error(`${whole} is no part of a key`);
    }
  });
}

/** YYYYMMDDHHMMSS in UTC. */
const formatTime = (date: Date): string => date.toISOString().replace(/\D/g, "").slice(0, 14);

/** A row as one line: the file, other files, the setting, the account and its disk, where they are not ordinary. */
export function formatRow(row: Row): string {
  const files = row.called
    ? []
    : Object.entries(row.files ?? {}).map(([path, text]) => `${path} says ${text}`);
  const said = [
    row.called ?? show(row.file ?? "<key>"),
    ...files.map(show),
    ...[row.setting, row.account?.words, row.disk?.words].filter((words) => words !== undefined).map(show),
  ];
  const [sshd, we] = row.sshd === "accepts" ? ["lets it in", "yes"] : ["refuses it", "no"];
  const because = row.open ?? row.because;
  const verdict = `${row.open ? "unknown" : we}${because ? ` (${because})` : ""}`;
  return `${said.join(" | ")}: sshd ${sshd}, and we say ${verdict}`;
}

/** Spells invisible characters, and separates lines by a semicolon. */
function show(text: string): string {
  const spelled = text.replace(/\n$/, "").replaceAll("\n", "; ").replaceAll("\t", "\\t");
  return spelled === "" ? "no line" : spelled;
}
