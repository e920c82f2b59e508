import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

/** Kinds of options before a key on its line; the last has none. */
export const OPTIONS = [
  'from="127.0.0.0/8,::1"',
  'command="echo kept, as it was"',
  "restrict,pty",
  'environment="SITE=shop"',
  'permitopen="localhost:80",permitopen="localhost:443"',
  'expiry-time="20990101"',
  "no-pty,no-X11-forwarding",
  "no-agent-forwarding,no-user-rc",
  "",
];

/** Hosts that have the private key of the old key, too. */
export const HOLDERS = [2, 9, 17];
export const HELD = "/home/deploy/.ssh/id_ecdsa";

const STARTED_AT_ONCE = 5;

export type KeyFleet = AsyncDisposable & {
  home: string;
  databasePath: string;
  hosts: LabHost[];
  /** Granted in every file of the fleet; it is to be rotated. */
  old: KeyFile;
  /** Can log in to root and to each account with the old key; nobody changes it. */
  retained: KeyFile;
  /** Options of each grant of the old key, sorted. */
  options: string[];
  /** All authorized_keys files of a host but root's. */
  readKeys(host: LabHost): Promise<string>;
};

/**
 * Twenty hosts with one key in forty-five lines: each host's `deploy` has it; every other host twice in one file; the
 * others in a second account, and five of those in a second file.
 */
export async function startKeyFleet(count = 20): Promise<KeyFleet> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const make = (name: string, type: string) =>
    makeKeyFile(join(home, ".ssh"), name, ["-t", type, "-N", "", "-C", `${name}@desk`]);
  const [retained, old] = [await make("id_ed25519", "ed25519"), await make("deploy", "ecdsa")];
  const half = await readFile(old.path, "utf8");
  const layouts = Array.from({ length: count }, (_, index) => layOut(index));
  const hosts: LabHost[] = [];
  for (let from = 0; from < count; from += STARTED_AT_ONCE) {
    const starting = layouts.slice(from, from + STARTED_AT_ONCE).map((layout, offset) => {
      const index = from + offset;
      const held = HOLDERS.includes(index) ? hold(half) : "";
      return startHost({ name: `web${index + 1}`, prepare: `${grant(layout, retained, old)}\n${held}` });
    });
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === "rejected") throw started.reason;
      hosts.push(stack.use(started.value));
    }
  }
  const owned = stack.move();
  return {
    home,
    databasePath: join(folder.path, "latchkey.db"),
    hosts,
    old,
    retained,
    options: layouts.flatMap((files) => Object.values(files).flat()).sort(),
    readKeys: (host) => host.run("cat /home/*/.ssh/authorized_keys*"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The fingerprint of a private key, from ssh-keygen. */
export const fingerprintOf = async (path: string): Promise<string> =>
  (await run("ssh-keygen", ["-l", "-f", path])).stdout.split(" ")[1] ?? "";

type Layout = Record<string, string[]>;

/** By path: the options of each line with the key. */
function layOut(index: number): Layout {
  const pick = (by: number) => OPTIONS[(index + by) % OPTIONS.length] ?? "";
  const isTwice = index % 2 === 0;
  return {
    "/home/deploy/.ssh/authorized_keys": isTwice ? [pick(0), pick(4)] : [pick(0)],
    ...(isTwice ? {} : { "/home/ci/.ssh/authorized_keys": [pick(2)] }),
    ...(index % 4 === 1 ? { "/home/deploy/.ssh/authorized_keys2": [pick(5)] } : {}),
  };
}

/** This machine's own homes are hidden. */
function grant(layout: Layout, retained: KeyFile, old: KeyFile): string {
  const files = Object.entries(layout).map(([path, options]) => {
    const lines = options.map((text) => `${text} ${old.publicLine}`.trim());
    return `cat > ${path} <<'KEYS'\n# of the site\n${lines.join("\n# kept\n")}\n${retained.publicLine.trim()}\nKEYS`;
  });
  return `
    mount -t tmpfs -o mode=755 tmpfs /home
    install -d -m 700 /root/.ssh
    echo '${retained.publicLine.trim()}' > /root/.ssh/authorized_keys
    for name in deploy ci; do
      useradd --create-home --shell /bin/sh $name
      install -d -m 700 /home/$name/.ssh
    done
    ${files.join("\n")}
    chmod 600 /home/*/.ssh/authorized_keys*
    chown -R deploy:deploy /home/deploy
    chown -R ci:ci /home/ci`;
}

const hold = (half: string): string => `
    cat > ${HELD} <<'HALF'\n${half}HALF
    chmod 600 ${HELD}
    chown deploy:deploy ${HELD}`;
