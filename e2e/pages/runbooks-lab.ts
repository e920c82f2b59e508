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
  /** Of the key in the home, as it was before any run. */
  fingerprint: string;
  /** The fingerprint of the key that is in the home now. */
  readFingerprint(): Promise<string>;
  /** What each host's files hold now. */
  readFiles(): Promise<string[]>;
};

const FILES = "/root/.ssh/authorized_keys /home/deploy/.ssh/authorized_keys";

/** So many hosts: each lets the key in to root, and twice to an account, beside a key that nobody is known to have. */
export async function startRunbooksLab(names: readonly string[]): Promise<RunbooksLab> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const key = join(home, ".ssh/id_ed25519");
  await makeKey(key, "jo@desk");
  await makeKey(join(folder.path, "other"), "mallory@laptop");
  const [mine, other] = await Promise.all([key, join(folder.path, "other")].map(readLine));
  const started = await Promise.allSettled(
    names.map((name) => startHost({ name, prepare: letIn(mine ?? "", other ?? "") })),
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
    ...{ database, home, hosts, readFingerprint, fingerprint: await readFingerprint() },
    readFiles: () => Promise.all(hosts.map((host) => host.run(`cat ${FILES}`))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const makeKey = (path: string, comment: string) =>
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);

const readLine = async (path: string): Promise<string> => (await readFile(`${path}.pub`, "utf8")).trim();

const fingerprintOf = async (path: string): Promise<string> =>
  (await run("ssh-keygen", ["-l", "-f", path])).stdout.split(" ")[1] ?? "";

/** This machine's own homes are hidden. */
const letIn = (mine: string, other: string): string => `
for folder in /home /root; do
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
useradd --create-home --shell /bin/bash deploy
mkdir -m 0700 /root/.ssh /home/deploy/.ssh
printf '%s\\n' '${mine}' > /root/.ssh/authorized_keys
printf '%s\\n' '# of the site' 'restrict,pty ${mine}' '${other}' 'no-agent-forwarding ${mine}' > /home/deploy/.ssh/authorized_keys
chmod 0600 ${FILES}
chown -R deploy:deploy /home/deploy/.ssh
`;
