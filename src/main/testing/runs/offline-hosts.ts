import type { App } from "#app";
import { type Desk, letIn, scanAll } from "#testing/lab/desk.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readRotationScript } from "#testing/read-scripts.ts";
import { makePlan } from "./follow.ts";
import { makeRetainedKey, watchLogins } from "./watch-hosts.ts";

export const PATH = "/home/ann/.ssh/authorized_keys";

/** The parts of every script, as they are shipped. */
export const readCarriedParts = async () => ({
  session: (
    await Promise.all(["../lib/limits.sh", "../lib/possession.sh", "session"].map(readRotationScript))
  ).join("\n"),
  keyLocation: await readRotationScript("key-location.sh"),
  offline: (
    await Promise.all(["../lib/daemon.sh", "../lib/host-signature.sh", "offline"].map(readRotationScript))
  ).join("\n"),
  offlineKey: await readRotationScript("offline-key.sh"),
});

/** A host with ann's file, and in /root/carried the script that `make` makes for her, whose user id is `uid`. */
export async function carryTo<T extends { script: string }>(
  before: string,
  make: (uid: number, hostKey: string, parts: Awaited<ReturnType<typeof readCarriedParts>>) => T,
) {
  const host = await startHost({
    name: "web1",
    prepare: "useradd -m -s /bin/sh ann && mkdir -m 700 /home/ann/.ssh && chown ann: /home/ann/.ssh",
  });
  const made = make(Number(await host.run("id -u ann")), await hostKeyOf(host), await readCarriedParts());
  await writeThere(host, PATH, before);
  await host.run(`chown ann: ${PATH} && chmod 600 ${PATH} && mkdir -p /root/carried`);
  await writeThere(host, "/root/carried/script.sh", made.script);
  return { host, ...made, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

/** The fingerprint of its host key, as it would be pinned. */
export const hostKeyOf = async (host: LabHost): Promise<string> =>
  /SHA256:\S+/.exec(await host.run("ssh-keygen -E sha256 -lf /etc/ssh/ssh_host_ed25519_key.pub"))?.[0] ?? "";

/** In pieces: an argument of a program has at most 128 KiB. */
export async function writeThere(host: LabHost, path: string, text: string): Promise<void> {
  const base64 = Buffer.from(text).toString("base64");
  await host.run(`: >${path}`);
  for (let at = 0; at < base64.length; at += PIECE)
    await host.run(`base64 -d >>${path} <<'END'\n${base64.slice(at, at + PIECE)}\nEND`);
}

const PIECE = 90_000;

/** Runs the script as root; returns what it printed, with its exit code at the end. */
export const carry = (host: LabHost, shell: string, answers: string, options = ""): Promise<string> =>
  host.run(
    `cd /root/carried; code=0; printf '${answers}' | ${shell} ./script.sh ${options} 2>&1 || code=$?; echo "code $code"`,
  );

export const readThere = async (host: LabHost, path: string): Promise<Buffer> =>
  Buffer.from((await host.run(`base64 -w0 ${path}`)).trim(), "base64");

export const readResultThere = (host: LabHost): Promise<Buffer> =>
  readThere(host, "/root/carried/latchkey-result-*.txt");

export const KEY = "/home/deploy/.ssh/id_ed25519";
export const GRANTS = "/home/deploy/.ssh/authorized_keys";

const STICK = "/root/stick";

/**
 * A host on which deploy has a private key; `grants`: whether that key can log in there as deploy itself. A prober logs
 * in throughout by the other line of its file.
 */
export async function startVault(desk: Desk, grants: "here" | "elsewhere" = "here") {
  await using stack = new AsyncDisposableStack();
  const retained = await makeRetainedKey(desk.home);
  const host = stack.use(
    await startHost({
      name: "vault",
      prepare: `${letIn(desk.publicKey)}\n${letIn("", "deploy")}
      su deploy -c 'ssh-keygen -q -t ed25519 -N "" -C deploy@vault -f ${KEY}'
      { ${grants === "here" ? `printf 'restrict,pty %s\\n' "$(cat ${KEY}.pub)"; ` : ""}echo '${retained.line}'; } >${GRANTS}
      chown deploy:deploy ${GRANTS} && chmod 600 ${GRANTS}`,
    }),
  );
  const { expectNobodyLockedOut } = stack.use(await watchLogins([host], retained));
  const owned = stack.move();
  return {
    ...host,
    retained: retained.line,
    keyFile: retained.keyFile,
    expectNobodyLockedOut,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The plan that replaces the key there, and everywhere that these hosts have it. */
export async function planVault(app: App, vault: LabHost, others: readonly LabHost[] = []) {
  const text = [vault, ...others].map(({ address }) => `root@${address}`).join("\n");
  await scanAll(app, { text, acceptNew: true });
  const [fingerprint = ""] = (await vault.run(`ssh-keygen -lf ${KEY}`)).match(/SHA256:\S+/) ?? [];
  return (await makePlan(app, { kind: "rotate-key", fingerprint })).id;
}

/** Puts the script there, for `runScript` and `endScript`. */
export async function layScript(host: LabHost, text: string): Promise<void> {
  await host.run(`mkdir -p ${STICK}`);
  await writeThere(host, `${STICK}/script.sh`, text);
}

/**
 * Runs it, typing these answers; returns what it printed, with its exit code at the end. `wrap`: the command that runs
 * it.
 */
export const runScript = (host: LabHost, answers: string, wrap = "", options = ""): Promise<string> =>
  host.run(
    `cd ${STICK}; code=0; printf '${answers}' | ${wrap} sh ./script.sh ${options} 2>&1 || code=$?; echo "code $code"`,
  );

/** Runs it, and ends it as soon as it has printed this, while it waits for an answer. */
export const endScript = (host: LabHost, words: string): Promise<string> =>
  host.run(`cd ${STICK} && rm -f answers && mkfifo answers && : >said
    sh -c 'echo $$ >pid; exec sh ./script.sh' <answers >said 2>&1 &
    { until grep -q '${words}' said; do :; done; kill -9 $(cat pid); } >answers
    wait || true; cat said; rm -f answers said pid`);

export const resultOn = (host: LabHost): Promise<Buffer> => readThere(host, `${STICK}/latchkey-result-*.txt`);

/** Everything that the script changes there: files with their modes, and what is beside the script. */
export const readVault = (host: LabHost): Promise<string> =>
  host.run(`cd /home/deploy/.ssh; ls -A; ls -A ${STICK} | grep -v latchkey-result
    stat -c '%n %U %a' id_ed25519 id_ed25519.pub authorized_keys; cat id_ed25519 id_ed25519.pub authorized_keys`);

/** Whether the key that is installed there can log in as deploy. */
export const logsInByKey = async (from: LabHost, to = from): Promise<boolean> =>
  (await from.run(`su deploy -c 'ssh -n -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i ${KEY} deploy@${to.address} echo in' 2>&1 || echo out`)) ===
  "in\n";
