import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Carol left two months ago: her account at the company is closed, and her keys are still where she had put them. */
const LEFT_DAYS_AGO = 61;

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * What the company knows about its people: a table from its directory, and a folder of the keys that they work with.
 */
export async function writePeopleSources(folder: string, keys: Record<KeyName, KeyPair>): Promise<string[]> {
  const left = new Date(Date.now() - LEFT_DAYS_AGO * DAY_MS).toISOString().slice(0, 10);
  const table = join(folder, "people.csv");
  const people = [
    "Name,E-mail,Login,Status,Left on",
    "Alice Moore,alice@corp.example,alice,active,",
    "Bob Ruiz,bob@corp.example,bob,active,",
    `Carol Nolan,carol@corp.example,carol,left,${left}`,
    "Dan Stone,dan@corp.example,dan,active,",
  ];
  await writeFile(table, `${people.join("\n")}\n`);
  const team = join(folder, "team-keys");
  await mkdir(team);
  for (const name of ["alice", "bob", "carol"] as const)
    await writeFile(join(team, `${name}.keys`), `${keys[name].publicLine}\n`);
  return [table, team];
}

const run = promisify(execFile);

/**
 * The keys of the demo, and their types. Nobody has the private keys of `carol`, who has left, and of `contractor`;
 * those of `alice` are on her laptop, which no audit reads.
 */
const KINDS = {
  auditor: ["-t", "ed25519"],
  alice: ["-t", "ed25519"],
  bob: ["-t", "ecdsa", "-b", "256"],
  carol: ["-t", "rsa", "-b", "3072"],
  contractor: ["-t", "ed25519"],
  deploy: ["-t", "ed25519"],
  backup: ["-t", "rsa", "-b", "2048"],
  "old-admin": ["-t", "rsa", "-b", "1024"],
} as const;

export type KeyName = keyof typeof KINDS;
export type KeyPair = {
  privateKey: string;
  publicLine: string;
  /** As sshd writes both into its log: ED25519 SHA256:... */
  keyName: string;
  fingerprint: string;
};

/**
 * Key pairs in a folder, as `NAME` and `NAME.pub`. Returns their text: the private key without a passphrase, the public
 * key as a line of authorized_keys.
 */
export async function makeKeys(folder: string): Promise<Record<KeyName, KeyPair>> {
  const pairs = Object.entries(KINDS).map(async ([name, kind]) => {
    const file = join(folder, name);
    await run("ssh-keygen", ["-q", ...kind, "-N", "", "-C", COMMENTS[name as KeyName], "-f", file]);
    const [privateKey, publicLine] = await Promise.all([
      readFile(file, "utf8"),
      readFile(`${file}.pub`, "utf8"),
    ]);
    const keyName = kind[1].toUpperCase();
    return [name, { privateKey, publicLine: publicLine.trim(), keyName, fingerprint: hash(publicLine) }];
  });
  return Object.fromEntries(await Promise.all(pairs));
}

const hash = (publicLine: string): string => {
  const blob = Buffer.from(publicLine.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replaceAll("=", "")}`;
};

const COMMENTS: Record<KeyName, string> = {
  auditor: "latchkey@audit",
  alice: "alice@thinkpad",
  bob: "bob@bob-mbp.local",
  carol: "carol@corp.example",
  contractor: "tom@macbook",
  deploy: "deploy@ci-runner-4",
  backup: "backup@nas",
  "old-admin": "root@admin-pc (2011)",
};

/** A key from the time when DSA was the default. No current ssh-keygen makes one, so this one is kept as text. */
export const DSA_LINE =
  "ssh-dss AAAAB3NzaC1kc3MAAACBAKBqWqwzGT4KEyV9mVtyOPhdk184q227n6kh6zcOcK+NDBjgluqfdlOxbqjBO20gNN7n8DjJcT2Qyb8Vxa1MBdihG7F/iAZkcTdbffJpvqhbGZNfoj8Y1QnPZRHCC96GMWnVSCm10QZtZewjJik/v0MFE7U+xDkmKPBd1BcNO+LrAAAAFQCttJejoTzZEVhn3LfSo2LBRtadSwAAAIB2vmXPDHySpu2pvCf78CUeDwRvd5PdJE0O9BwOYSZ8z6IsdBVtUSlmOj4bt3R4ebESEHjBYSntYdq1Y/l/njt84s8elpZisReqcuGiXOLN4FHwORyEPEmGkTuFAJuyo8vYC+TUNS+XMdiZe1Mr7RLzi8RlFjU/eRfPf+hxdJToIQAAAIANYQyePszJBsqx100Sw87aeHoURCGAm6zzFzi1ATV55Li+10p+pNZjeoamgXIxH1hhTApjbdJe93t3F0d1VjDOw1DrO1alBlCio7pcS+o0O9ugTft2mSyDRvxsyjVshpdSqaCi4/E9TWEFisgBKXQVwJYrVrB7KsS6ySlladlpUg== admin@sun-ultra10";

/** A key that somebody logs in with once in `everyDays` days. */
type Habit = { account: string; key: KeyPair; everyDays: number };

/** Shell text that gives a host an auth.log of the last `days` days, with the logins of these habits. */
export function putLog(host: string, { days, habits }: { days: number; habits: readonly Habit[] }): string {
  const now = Date.now();
  const lines = Array.from({ length: days }, (_, index) => days - index).flatMap((ago) => {
    const at = (hour: number) =>
      new Date(Math.floor((now - ago * DAY_MS) / DAY_MS) * DAY_MS + hour * 3_600_000);
    const write = (hour: number, text: string) =>
      `${at(hour).toISOString().slice(0, 19)}+00:00 ${host} ${text}`;
    return [
      write(4, "CRON[900]: pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)"),
      ...habits
        .filter(({ everyDays }) => ago % everyDays === 0)
        .map(({ account, key }) => write(9, formatLogin(account, key))),
    ];
  });
  return `cat > /var/log/auth.log <<'END'\n${lines.join("\n")}\nEND`;
}

const formatLogin = (account: string, { keyName, fingerprint }: KeyPair): string =>
  `sshd-session[1812]: Accepted publickey for ${account} from 127.0.0.1 port 50022 ssh2: ${keyName} ${fingerprint}`;
