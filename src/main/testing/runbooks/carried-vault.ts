import type { App } from "#app";
import { type Desk, letIn, scanAll } from "#testing/lab/desk.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readThere, writeThere } from "./carried-host.ts";
import { makePlan } from "./follow.ts";
import { makeRetainedKey, watchLogins } from "./watch-logins.ts";

export const KEY = "/home/deploy/.ssh/id_ed25519";
export const GRANTS = "/home/deploy/.ssh/authorized_keys";

const STICK = "/root/stick";

/**
 * A host on which deploy holds a key; `grants`: that lets in there as deploy itself. By the other line of its file somebody
 * logs in throughout.
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

/** The plan that replaces the key that lies there, of all that these hosts have of it. */
export async function planVault(app: App, vault: LabHost, others: readonly LabHost[] = []) {
  const text = [vault, ...others].map(({ address }) => `root@${address}`).join("\n");
  await scanAll(app, { text, acceptNew: true });
  const [fingerprint = ""] = (await vault.run(`ssh-keygen -lf ${KEY}`)).match(/SHA256:\S+/) ?? [];
  return (await makePlan(app, { kind: "rotate-key", fingerprint })).id;
}

/** Lays the script there, for `runScript` and `endScript`. */
export async function layScript(host: LabHost, text: string): Promise<void> {
  await host.run(`mkdir -p ${STICK}`);
  await writeThere(host, `${STICK}/script.sh`, text);
}

/** Runs it, typing these answers; what it said, with its code at the end. `wrap`: what it runs under. */
export const runScript = (host: LabHost, answers: string, wrap = "", options = ""): Promise<string> =>
  host.run(
    `cd ${STICK}; code=0; printf '${answers}' | ${wrap} sh ./script.sh ${options} 2>&1 || code=$?; echo "code $code"`,
  );

/** Runs it, and ends it as soon as it has said this, while it waits for an answer. */
export const endScript = (host: LabHost, words: string): Promise<string> =>
  host.run(`cd ${STICK} && rm -f answers && mkfifo answers && : >said
    sh -c 'echo $$ >pid; exec sh ./script.sh' <answers >said 2>&1 &
    { until grep -q '${words}' said; do :; done; kill -9 $(cat pid); } >answers
    wait || true; cat said; rm -f answers said pid`);

export const resultOn = (host: LabHost): Promise<Buffer> => readThere(host, `${STICK}/latchkey-result-*.txt`);

/** All that the change is about there: files with their modes, and what lies beside the script. */
export const readVault = (host: LabHost): Promise<string> =>
  host.run(`cd /home/deploy/.ssh; ls -A; ls -A ${STICK} | grep -v latchkey-result
    stat -c '%n %U %a' id_ed25519 id_ed25519.pub authorized_keys; cat id_ed25519 id_ed25519.pub authorized_keys`);

/** Whether the key in its place logs in as deploy. */
export const logsInByKey = async (from: LabHost, to = from): Promise<boolean> =>
  (await from.run(`su deploy -c 'ssh -n -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i ${KEY} deploy@${to.address} echo in' 2>&1 || echo out`)) ===
  "in\n";
