import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { listVectors, readVector, splitPem, VECTOR_PASSWORDS } from "#testing/tls/read-vectors.ts";

const run = promisify(execFile);

/* Every file of the vectors that contains X.509, PKCS#12 or OpenSSH, in one run of the command. */
const paths = listVectors("x509", "pkcs12", "pkcs7", "asymmetric/OpenSSH");

/** What openssl prints with these arguments; empty where it refuses. */
async function openssl(args: readonly string[], input?: string): Promise<string> {
  const running = run("openssl", args, { maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.end(input);
  return running.then(
    ({ stdout }) => stdout,
    () => "",
  );
}

/** The openssl commands that read a file of this kind, to be tried until one finds a certificate. */
function* argumentsFor(path: string): Generator<string[]> {
  if (path.endsWith(".p12"))
    for (const password of [...VECTOR_PASSWORDS, ""])
      yield ["pkcs12", "-legacy", "-in", path, "-nokeys", "-passin", `pass:${password}`];
  else if (path.endsWith(".eml")) yield ["smime", "-pk7out", "-in", path];
  else if (path.includes("/ocsp/resp")) yield ["ocsp", "-respin", path, "-resp_text", "-noverify"];
  else if (path.includes("/pkcs7/"))
    for (const form of ["PEM", "DER"]) yield ["pkcs7", "-in", path, "-inform", form, "-print_certs"];
  else if (readVector(path).includes("CERTIFICATE-----")) yield ["storeutl", "-certs", path];
  else yield ["x509", "-in", path, "-inform", "DER"];
}

async function readByOpenssl(path: string): Promise<string[]> {
  for (const args of argumentsFor(path)) {
    const output = await openssl(args);
    const text = output.includes("BEGIN PKCS7") ? await openssl(["pkcs7", "-print_certs"], output) : output;
    const found = splitPem(text);
    if (found.length > 0) return found.map((der) => hash("sha256", der, "hex"));
  }
  return [];
}

type InspectJson = { items: { source: string; what: string; sha256?: string }[]; malformed: string[] };

test("inspect reads every file of pyca's vectors in one run, and misses no certificate that openssl reads", async () => {
  await using folder = await makeTemporaryFolder();
  const passwords = join(folder.path, "passwords");
  await writeFile(passwords, `${VECTOR_PASSWORDS.join("\n")}\n`);
  const type = openTerminal(join(folder.path, "latchkey.db"));
  const { code, out } = await type("inspect", "--json", "--passphrase-file", passwords, ...paths);
  const said = JSON.parse(out) as InspectJson;
  // Some contain nothing to show, as requests do, which the exit code 2 says; none was too large.
  expect(code).toBe(2);
  expect(said.malformed.filter((why) => /given up|failed/.test(why))).toEqual([]);

  const ours = new Set(said.items.map(({ source, sha256 }) => `${source} ${sha256}`));
  const missing: string[] = [];
  let count = 0;
  for (const path of paths) {
    const theirs = await readByOpenssl(path);
    count += theirs.length;
    missing.push(...theirs.map((sha256) => `${path} ${sha256}`).filter((each) => !ours.has(each)));
  }
  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(1_500);
});

test("without a password no file of the vectors holds inspect up", async () => {
  await using folder = await makeTemporaryFolder();
  const type = openTerminal(join(folder.path, "latchkey.db"));
  const { out } = await type("inspect", "--json", ...paths);
  // A file that takes too long is reported as given up.
  expect((JSON.parse(out) as InspectJson).malformed.filter((why) => why.includes("given up"))).toEqual([]);
});
