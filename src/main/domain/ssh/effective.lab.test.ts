import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import { readCollection } from "#domain/collection/read-collection.ts";
import { runCollector } from "#testing/lab/run-collector.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type JudgedGrant, judgeGrants } from "./effective.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { LINE_MATRIX, type MatrixKeys } from "./testdata/line-matrix.ts";
import { SCENARIOS, type Scenario } from "./testdata/login-scenarios.ts";

const run = promisify(execFile);

/** Logins at a time: sshd drops some above ten that have not finished. */
const AT_ONCE = 5;

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let keys: MatrixKeys;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  const make = async (name: string, options: string[]) => {
    const path = join(folder.path, name);
    await run("ssh-keygen", ["-q", "-N", "", "-C", "", "-f", path, ...options]);
    return (await readFile(`${path}.pub`, "utf8")).trim();
  };
  keys = {
    ed25519: await make("ed25519", ["-t", "ed25519"]),
    rsa: await make("rsa", ["-t", "rsa", "-b", "2048"]),
    rsa1024: await make("rsa1024", ["-t", "rsa", "-b", "1024"]),
    ecdsa: await make("ecdsa", ["-t", "ecdsa"]),
  };
});
afterAll(() => folder?.[Symbol.asyncDispose]());

/** Whether sshd lets the account in by that key alone, and nothing else. */
async function tryLogin(host: LabHost, account: string, key: keyof MatrixKeys): Promise<boolean> {
  const options = [
    ...["BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=no"],
    ...["UserKnownHostsFile=/dev/null", "PreferredAuthentications=publickey", "RequiredRSASize=1024"],
    ...["ConnectTimeout=20", "LogLevel=QUIET"],
  ].flatMap((option) => ["-o", option]);
  const identity = ["-F", "none", "-i", join(folder.path, key), "-l", account];
  const asked = run("ssh", [...identity, ...options, "-n", host.address, "true"]);
  // 255 is ssh's own: whatever else comes back, a shell or its lack has answered, after the login.
  return asked.then(
    () => true,
    (error: { code?: unknown }) => error.code !== 255,
  );
}

async function collect(host: LabHost, user?: string, args: string[] = []): Promise<Collection> {
  const stream = await runCollector(host, user ? { user, args } : { args });
  const collection = readCollection(stream, { nonce: null });
  if (!collection || collection.incomplete) throw new Error(`no collection: ${collection?.incomplete}`);
  return collection;
}

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(work))));
  }
  return results;
}

/** POSIX sh that makes an account with these bytes for its authorized_keys. */
function makeAccount(name: string, text: string, more = ""): string {
  const octal = [...Buffer.from(text)].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`);
  const pieces: string[] = [];
  for (let from = 0; from < octal.length; from += 2_000)
    pieces.push(octal.slice(from, from + 2_000).join(""));
  return [
    `useradd --create-home --shell /bin/sh ${name}`,
    `mkdir -m 700 /home/${name}/.ssh`,
    ...pieces.map((piece) => `printf '%b' '${piece}' >> /home/${name}/.ssh/authorized_keys`),
    `chmod 600 /home/${name}/.ssh/authorized_keys`,
    `chown -R ${name}:${name} /home/${name}/.ssh`,
    more,
    "",
  ].join("\n");
}

/** What an ordinary account sees of itself and others must never contradict what root sees. */
async function expectNoContradiction(
  host: LabHost,
  user: string,
  asRoot: readonly JudgedGrant[],
): Promise<void> {
  const place = ({ account, file, line }: JudgedGrant) => `${account} ${file}:${line}`;
  const known = new Map(asRoot.map((grant) => [place(grant), grant.verdict.effective]));
  const seen = judgeGrants(await collect(host, user));
  const contradictions = seen.flatMap((grant) => {
    const { state, reasons } = grant.verdict.effective;
    const truth = known.get(place(grant));
    return state === "unknown" || state === truth?.state
      ? []
      : [{ place: place(grant), state, reasons, truth }];
  });
  expect(contradictions).toEqual([]);
  const own = seen.filter(({ account }) => account === user).map(({ verdict }) => verdict.effective);
  const isOpen = ({ state, reasons }: (typeof own)[number]) =>
    state === "unknown" && !/StrictModes|password of|was started with|closes the host/.test(reasons[0] ?? "");
  expect(own.filter(isOpen)).toEqual([]);
}

function startScenario(
  { name, config, before = "", sshdOptions = [] }: Scenario,
  accounts: readonly { account: string; key: keyof MatrixKeys; after?: string }[],
): Promise<LabHost> {
  const made = accounts.map(({ account, key, after }) => makeAccount(account, `${keys[key]}\n`, after));
  const written = `cat > /etc/ssh/sshd_config <<'END_OF_CONFIG'\n${config}\nEND_OF_CONFIG\n`;
  return startHost({
    name: name.replace(/[^a-z]+/gi, "-").slice(0, 40),
    prepare: `${before}\n${made.join("")}\n${written}`,
    sshdOptions,
  });
}

describe.skipIf(!canStartHosts())("sshd and we agree", () => {
  test("on every form of a line", { timeout: 180_000 }, async () => {
    const rows = LINE_MATRIX.map((row, index) => ({ ...row, account: `m${index}` }));
    const prepare = rows.map(({ account, text, key }) => makeAccount(account, text(keys[key]))).join("");
    await using host = await startHost({ name: "matrix", prepare });
    const grants = judgeGrants(await collect(host));
    const answers = await inTurns(rows, async ({ account, key }) => tryLogin(host, account, key));

    const seen = rows.map(({ name, account }, index) => {
      const [grant] = grants.filter((one) => one.account === account && one.key !== null);
      const { state, onlyFrom } =
        (grant ?? grants.find((one) => one.account === account))?.verdict.effective ?? {};
      const said = state === "yes" ? (onlyFrom?.length ? "from" : "yes") : state;
      return `${name}: sshd ${answers[index] ? "accepts" : "refuses"}, we say ${said}`;
    });
    const told = {
      accept: /accepts, we say (yes|from)$/,
      ignore: /refuses, we say no$/,
      elsewhere: /refuses, we say from$/,
    };
    expect(seen.filter((line, index) => !told[rows[index]?.sshd ?? "accept"].test(line))).toEqual([]);
    await expectNoContradiction(host, "m0", grants);

    const loginKey = readPublicKeyLine(keys.ed25519)?.key.fingerprint ?? "";
    const asLogin = await collect(host, "m0", ["--login-account", "m0", "--login-key", loginKey]);
    const own = judgeGrants(asLogin).filter(({ account }) => account === "m0");
    expect(own.map(({ verdict }) => verdict.effective)).toMatchObject([
      { state: "yes", reasons: [expect.stringContaining("this scan logged in with it"), expect.anything()] },
    ]);
  });

  test.each(SCENARIOS)("on $name", { timeout: 120_000 }, async (scenario) => {
    const all = Object.entries(scenario.accounts).map(([account, more]) => ({
      account,
      key: "ed25519" as const,
      ...more,
    }));
    await using host = await startScenario(scenario, all);
    const grants = judgeGrants(await collect(host));
    const answers = await inTurns(all, ({ account, key }) => tryLogin(host, account, key));

    const differences = all.flatMap(({ account, but }, index) => {
      const isIn = answers[index] === true;
      const ours = grants.find((grant) => grant.account === account)?.verdict.effective;
      const said =
        ours?.state === "yes" && ours.onlyFrom.length > 0 && but ? "yes, from elsewhere" : ours?.state;
      return (said ?? "no") === (but ?? (isIn ? "yes" : "no")) ? [] : [{ account, isIn, but, said, ours }];
    });
    expect(differences).toEqual([]);
    for (const { account } of all.slice(0, 2)) await expectNoContradiction(host, account, grants);
  });
});
