import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type KeyFile, makeKeyFile, type Needle, needlesOf, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

/**
 * What is typed, and words that are not even typed. Every word that nobody may read anywhere is a bird that no other
 * test names, because the processes of all tests are read.
 */
export const WORDS = {
  admin: "linnet-passphrase-of-admin",
  deploy: "linnet-passphrase-of-deploy",
  /** Of the private key on a host; it is never typed. */
  held: "linnet-passphrase-of-held",
  made: "linnet-passphrase-of-the-new-half",
  password: "linnet-password-of-root",
};
export const HELD = {
  deploy: "/home/deploy/.ssh/id_rsa",
  ci: "/home/deploy/.ssh/id_ci",
  web: "/home/deploy/.ssh/id_web",
};

export type SecretDesk = AsyncDisposable & {
  home: string;
  folder: string;
  agentSocket: string;
  /** A locked key logs in to the first, a password to the second. */
  hosts: [LabHost, LabHost];
  admin: KeyFile;
  /** Locked here, in the agent and in the clear on the first host; as PEM. */
  deploy: KeyFile;
  /** In the clear here, locked on the first host; as PKCS #8. */
  ci: KeyFile;
  /** On the first host alone; its file here is gone. */
  web: KeyFile;
  needles: Needle[];
};

/** A workstation and two hosts, with secrets in every location that a rotation touches. */
export async function openSecretDesk(): Promise<SecretDesk> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const home = join(folder.path, "home");
  const [ssh, aside] = [join(home, ".ssh"), join(folder.path, "aside")];
  for (const path of [ssh, aside]) await mkdir(path, { recursive: true, mode: 0o700 });
  const make = (place: string, name: string, ...options: string[]) =>
    makeKeyFile(place, name, [...options, "-N", "", "-C", `${name}@desk`]);
  const admin = await make(ssh, "id_ed25519", "-t", "ed25519");
  const deploy = await make(ssh, "deploy", "-t", "rsa", "-b", "2048", "-m", "PEM");
  const ci = await make(ssh, "ci", "-t", "ecdsa", "-m", "PKCS8");
  const web = await make(aside, "web", "-t", "ed25519");
  const other = await make(aside, "other", "-t", "ed25519");
  const read = (key: KeyFile) => readFile(key.path, "utf8");
  const keys = { admin, deploy, ci, web, other };
  const needles = (
    await Promise.all(
      Object.entries(keys).map(async ([name, key]) => needlesOf(`${name}, old,`, await read(key))),
    )
  ).flat();
  const halves = { deploy: await read(deploy), web: await read(web), ci: await lockCopy(ci, aside) };
  const agent = stack.use(await startSshAgent(aside, [deploy.path, other.path]));
  await admin.lock(WORDS.admin);
  await deploy.lock(WORDS.deploy);
  const one = stack.use(await startHost({ name: "one", prepare: prepareFirst(keys, halves) }));
  const two = stack.use(
    await startHost({
      name: "two",
      prepare: prepareSecond(deploy),
      sshdOptions: ["-o", "PermitRootLogin=yes"],
    }),
  );
  needles.push(...needlesOf("host key", await one.run("cat /etc/ssh/ssh_host_ed25519_key")));
  const owned = stack.move();
  return {
    home,
    folder: folder.path,
    agentSocket: agent.socketPath,
    hosts: [one, two],
    admin,
    deploy,
    ci,
    web,
    needles,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The same private key, under a passphrase. */
async function lockCopy({ path }: KeyFile, folder: string): Promise<string> {
  const copy = join(folder, "held");
  await run("cp", [path, copy]);
  await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", WORDS.held, "-f", copy]);
  return readFile(copy, "utf8");
}

type Halves = Record<keyof typeof HELD, string>;

function prepareFirst(keys: Record<"admin" | "deploy" | "ci" | "web", KeyFile>, halves: Halves): string {
  const { admin, deploy, ci, web } = keys;
  const held = Object.entries(HELD).map(
    ([name, path]) => `cat > ${path} <<'HALF'\n${halves[name as keyof Halves].trim()}\nHALF`,
  );
  return `${makeDeploy([deploy, ci, web])}
    ${held.join("\n")}
    install -d -m 700 /root/.ssh
    echo '${admin.publicLine.trim()}' > /root/.ssh/authorized_keys
    echo 'TOKEN=linnet-in-a-file-beside' > /home/deploy/.ssh/environment
    echo 'mysql -plinnet-in-a-history' > /root/.bash_history
    chmod 600 /home/deploy/.ssh/*
    chown -R deploy:deploy /home/deploy`;
}

const prepareSecond = (deploy: KeyFile): string => `${makeDeploy([deploy])}
    rm -rf /root/.ssh
    echo 'root:${WORDS.password}' | chpasswd
    chmod 600 /home/deploy/.ssh/*
    chown -R deploy:deploy /home/deploy`;

/** This machine's own homes are hidden. */
const makeDeploy = (keys: readonly KeyFile[]): string => `
    mount -t tmpfs -o mode=755 tmpfs /home
    useradd --create-home --shell /bin/sh deploy
    install -d -m 700 /home/deploy/.ssh
    cat > /home/deploy/.ssh/authorized_keys <<'KEYS'\n${keys.map(({ publicLine }) => publicLine).join("")}KEYS`;
