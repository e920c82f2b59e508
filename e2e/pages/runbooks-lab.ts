import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { environmentOf } from "../stages/stage.ts";

const run = promisify(execFile);

const PROGRAM = "out/main/latchkey.js";

/** Hosts that the key of a workstation opens, and a database that a scan of them has filled. */
export type RunbooksLab = AsyncDisposable & {
  database: string;
  home: string;
  hosts: LabHost[];
  /** The fingerprint of the key in the home, before any run. */
  fingerprint: string;
  /** The fingerprint of the key that is in the home now. */
  readFingerprint(): Promise<string>;
  /** Makes a key for the home, and returns its public line. */
  makeLine(comment: string): Promise<string>;
  /** Gives the key in the home a passphrase. */
  lock(passphrase: string): Promise<void>;
  /** What each host's files hold now. */
  readFiles(): Promise<string[]>;
};

const FILES = "/root/.ssh/authorized_keys /home/deploy/.ssh/authorized_keys";

type Wish = {
  /** Options before the key in one of its lines: one for each host, in turn. */
  options?: readonly string[];
  /** On so many hosts, the account has the private key, too. */
  holders?: number;
};

/** Hosts that each let the key in to root, and twice to an account, beside a key of which no private key is known. */
export async function startRunbooksLab(
  names: readonly string[],
  { options = ["no-agent-forwarding"], holders = 0 }: Wish = {},
): Promise<RunbooksLab> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const key = join(home, ".ssh/id_ed25519");
  await makeKey(key, "jo@desk");
  await makeKey(join(folder.path, "other"), "mallory@laptop");
  const mine = await readLine(key);
  const other = await readLine(join(folder.path, "other"));
  const half = await readFile(key, "utf8");
  const started = await Promise.allSettled(
    names.map((name, index) => {
      const prepare = letIn({ mine, other, options: options[index % options.length] ?? "" });
      return startHost({ name, prepare: index < holders ? `${prepare}${hold(half)}` : prepare });
    }),
  );
  for (const each of started) if (each.status === "fulfilled") stack.use(each.value);
  const failed = started.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
  const hosts = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const database = join(folder.path, "latchkey.db");
  const scan = [
    "--db",
    database,
    "scan",
    ...hosts.map(({ address }) => `root@${address}:22`),
    "--accept-new",
  ];
  await run(process.execPath, [PROGRAM, ...scan], { env: environmentOf(home) });
  const readFingerprint = () => fingerprintOf(key);
  const owned = stack.move();
  return {
    database,
    home,
    hosts,
    readFingerprint,
    fingerprint: await readFingerprint(),
    makeLine: async (comment) => {
      const path = join(folder.path, comment);
      await makeKey(path, comment);
      return readLine(path);
    },
    lock: async (passphrase) => {
      await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-f", key]);
    },
    readFiles: () => Promise.all(hosts.map((host) => host.run(`cat ${FILES}`))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const makeKey = (path: string, comment: string) =>
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);

const readLine = async (path: string): Promise<string> => (await readFile(`${path}.pub`, "utf8")).trim();

const fingerprintOf = async (path: string): Promise<string> =>
  (await run("ssh-keygen", ["-l", "-f", path])).stdout.split(" ")[1] ?? "";

type Lines = { mine: string; other: string; options: string };

/** This machine's own homes are hidden. */
const letIn = ({ mine, other, options }: Lines): string => `
for folder in /home /root; do
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
useradd --create-home --shell /bin/bash deploy
mkdir -m 0700 /root/.ssh /home/deploy/.ssh
printf '%s\\n' '${mine}' > /root/.ssh/authorized_keys
printf '%s\\n' '# of the site' 'restrict,pty ${mine}' '${other}' '${options} ${mine}' > /home/deploy/.ssh/authorized_keys
chmod 0600 ${FILES}
chown -R deploy:deploy /home/deploy/.ssh
`;

const hold = (half: string): string => `
printf '%s' '${half}' > /home/deploy/.ssh/id_ed25519
chmod 0600 /home/deploy/.ssh/id_ed25519
chown deploy:deploy /home/deploy/.ssh/id_ed25519
`;
