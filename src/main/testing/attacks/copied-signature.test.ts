/** A signature shows that a key is in the location where it was to sign, at that time, and nothing else. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Location,
  makeNonce,
  POSSESSION_NAMESPACE,
  verifyPossession,
  writeScanStatement,
  writeStatement,
} from "#domain/signatures/possession.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let key: KeyFile;
let location: Location;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  key = await makeKeyFile(folder.path, "ops");
  location = { hostKey: "SHA256:web1", path: "/home/ops/.ssh/id_ed25519", fingerprint: key.fingerprint };
});
afterAll(() => folder[Symbol.asyncDispose]());

/** ssh-keygen's signature, in the words of resources/lib/possession.sh. */
async function sign(text: Uint8Array, namespace = POSSESSION_NAMESPACE): Promise<string> {
  const file = join(folder.path, "text");
  await writeFile(file, text);
  await run("ssh-keygen", ["-q", "-Y", "sign", "-n", namespace, "-f", key.path, file]);
  const signature = await readFile(`${file}.sig`, "utf8");
  await run("rm", [`${file}.sig`]);
  return `sshsig,${signature.replaceAll(/-----[^-]+-----|\s/g, "")}`;
}

const judge = (proof: string, text: Uint8Array): string =>
  verifyPossession(proof, text, key.fingerprint).kind;

test("what a key has signed for another run, path or host, or to be known by another key, is no signature of its location", async () => {
  const nonce = makeNonce();
  const asked = writeStatement(location, nonce);
  expect(judge(await sign(asked), asked)).toBe("verified");
  const others = {
    replayed: writeStatement(location, makeNonce()),
    "of another path": writeStatement({ ...location, path: "/home/evil/.ssh/id_backup" }, nonce),
    "relayed by another host": writeStatement({ ...location, hostKey: "SHA256:web2" }, nonce),
    "of another key": writeStatement({ ...location, fingerprint: "SHA256:evil" }, nonce),
    "of a scan": writeScanStatement({ nonce, hosts: location.hostKey, path: location.path }),
  };
  for (const [how, text] of Object.entries(others)) {
    const proof = await sign(text);
    expect(judge(proof, asked), how).toBe("other-key");
    expect(judge(proof, text), how).toBe("verified");
  }
});

test("nor is what it has signed for anything but that, or what has no signature at all", async () => {
  const asked = writeStatement(location, makeNonce());
  for (const namespace of ["file", "latchkey-run", "latchkey-host", "latchkey-new-key", "latchkey-bundle"])
    expect(judge(await sign(asked, namespace), asked), namespace).toBe("other-key");
  const blob = key.publicLine.split(" ")[1] ?? "";
  for (const proof of ["sshsig,", "sshsig,AAAA", "raw,", `raw,${blob},AAAA`, `raw,${blob},`, "verified", ""])
    expect(judge(proof, asked), proof).not.toBe("verified");
});
