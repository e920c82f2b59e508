import { execFile, execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { BUNDLE } from "#domain/bundle/testdata/signed-bundle.ts";
import { makeSecurityKey, startSecurityKeyAgent } from "#testing/matrix/login-keys.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { checkSignature } from "./ssh-signature.ts";

/** Signs as the collector does, with the real ssh-keygen. */
async function sign(type: string, bits: number, { namespace = "latchkey-bundle", hash = "sha512" } = {}) {
  await using folder = await makeTemporaryFolder();
  const [key, bundle] = [join(folder.path, "key"), join(folder.path, "bundle")];
  writeFileSync(bundle, BUNDLE);
  const run = (...args: string[]) => execFileSync("ssh-keygen", args, { stdio: "pipe" });
  run("-q", "-t", type, "-b", String(bits), "-N", "", "-f", key);
  run("-Y", "sign", "-q", "-n", namespace, "-O", `hashalg=${hash}`, "-f", key, bundle);
  const fingerprint = run("-lf", `${key}.pub`).toString().split(" ")[1];
  return { armored: readFileSync(`${bundle}.sig`, "utf8"), fingerprint };
}

test.each([
  ["ed25519", 256, "sha512"],
  ["ed25519", 256, "sha256"],
  ["ecdsa", 256, "sha512"],
  ["ecdsa", 384, "sha256"],
  ["ecdsa", 521, "sha512"],
  ["rsa", 2048, "sha512"],
])(
  "what ssh-keygen signs with %s of %i bits over %s is good, for these bytes alone",
  async (type, bits, hash) => {
    const { armored, fingerprint } = await sign(type, bits, { hash });
    expect(checkSignature(armored, BUNDLE)).toMatchObject({ kind: "good", key: { fingerprint } });
    expect(checkSignature(armored, Buffer.concat([BUNDLE, BUNDLE]))).toMatchObject({ kind: "bad" });
    expect(checkSignature(armored, BUNDLE.subarray(1))).toMatchObject({ kind: "bad" });
  },
);

test("a signature that was made for something else is none of a bundle", async () => {
  const { armored } = await sign("ed25519", 256, { namespace: "file" });
  expect(checkSignature(armored, BUNDLE)).toEqual({
    kind: "bad",
    why: 'the signature is for "file"; sign with ssh-keygen -Y sign -n latchkey-bundle',
  });
});

test.each(["ed25519", "ecdsa"] as const)(
  "a security key's signature with %s is good where it was touched",
  async (kind) => {
    await using folder = await makeTemporaryFolder();
    const [pub, bundle] = [join(folder.path, "key.pub"), join(folder.path, "bundle")];
    const key = makeSecurityKey(kind);
    writeFileSync(pub, `${key.publicLine}\n`);
    writeFileSync(bundle, BUNDLE);
    const signBy = async (hand: "still" | "touches") => {
      await using agent = await startSecurityKeyAgent(join(folder.path, "agent"), [key], hand);
      const args = ["-Y", "sign", "-q", "-n", "latchkey-bundle", "-f", pub, bundle];
      await promisify(execFile)("ssh-keygen", args, {
        env: { ...process.env, SSH_AUTH_SOCK: agent.socketPath },
      });
      const armored = readFileSync(`${bundle}.sig`, "utf8");
      rmSync(`${bundle}.sig`);
      return checkSignature(armored, BUNDLE).kind;
    };
    expect(await signBy("touches")).toBe("good");
    expect(await signBy("still")).toBe("bad");
  },
);

test("what is good here is good for ssh-keygen, and what is not is not", async () => {
  await using folder = await makeTemporaryFolder();
  const file = join(folder.path, "sig");
  const isGoodForOpenSsh = (armored: string, bytes: Buffer) => {
    writeFileSync(file, armored);
    const args = ["-Y", "check-novalidate", "-q", "-n", "latchkey-bundle", "-s", file];
    return spawnSync("ssh-keygen", args, { input: bytes, stdio: ["pipe", "ignore", "ignore"] }).status === 0;
  };
  const { armored } = await sign("ecdsa", 256);
  const blob = Buffer.from(armored.replace(/-----[^-]*-----/g, ""), "base64");
  const flipped = Array.from({ length: 12 }, (_, index) => {
    const bytes = Buffer.from(blob);
    const at = Math.floor((index * bytes.length) / 12);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    return wrap(bytes);
  });
  const texts = [
    armored,
    ...flipped,
    wrap(blob.subarray(0, -1)),
    wrap(Buffer.concat([blob, blob])),
    wrap(blob),
  ];
  for (const [index, text] of texts.entries())
    for (const bytes of [BUNDLE, BUNDLE.subarray(1)])
      expect([index, checkSignature(text, bytes).kind === "good"]).toEqual([
        index,
        isGoodForOpenSsh(text, bytes),
      ]);
  expect(checkSignature(wrap(blob), BUNDLE).kind).toBe("good");
});

/** In lines, as ssh-keygen writes it. */
const wrap = (blob: Uint8Array): string => {
  const lines =
    Buffer.from(blob)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join("\n")}\n-----END SSH SIGNATURE-----\n`;
};
