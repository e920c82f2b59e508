import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

test("who signed a bundle is told by people sources or by name, and a wrong signature refuses it", async () => {
  await using folder = await makeTemporaryFolder();
  const [key, path] = [join(folder.path, "key"), join(folder.path, "bundle")];
  const bundle = answerScript("--nonce 'abc''def'");
  writeFileSync(path, bundle, "latin1");
  const keygen = (...args: string[]) => execFileSync("ssh-keygen", args, { stdio: "pipe" });
  keygen("-q", "-t", "ed25519", "-N", "", "-C", "auditor", "-f", key);
  keygen("-Y", "sign", "-q", "-n", "latchkey-bundle", "-f", key, path);
  const [signature, publicKey] = [
    readFileSync(`${path}.sig`, "utf8"),
    readFileSync(`${key}.pub`, "utf8").trim(),
  ];
  const given = { base64: Buffer.from(bundle, "latin1").toString("base64"), signature };
  const altered = { ...given, base64: Buffer.from(`hello\n${bundle}`, "latin1").toString("base64") };
  await using app = createApp({ databasePath: ":memory:" });
  const { bundles, people } = app.client;
  const signer = async (wish: object = {}) => (await bundles.inspect({ ...given, ...wish })).signature;
  const importPeople = (rest: string) => {
    const csv = `name,key,state\nAnn Moore,${publicKey},${rest}\n`;
    return people.import({ name: "people.csv", files: [{ name: "people.csv", base64: btoa(csv) }] });
  };

  expect(await signer()).toMatchObject({ kind: "unknown", keyType: "ssh-ed25519" });
  expect(await signer({ signature: null })).toEqual({ kind: "none" });
  expect(await signer({ signers: publicKey })).toMatchObject({ kind: "known", signer: "auditor" });
  const required = { requireSignature: true };
  await expect(signer(required)).rejects.toThrow(
    /is required: signed with ssh-ed25519 .*, which nobody here is known by/,
  );
  await importPeople("active");
  expect(await signer(required)).toMatchObject({ kind: "known", signer: "Ann Moore" });
  await importPeople("gone");
  expect(await signer()).toMatchObject({ kind: "gone", signer: "Ann Moore" });
  await expect(signer(required)).rejects.toThrow(/signed by Ann Moore, who has left/);
  await expect(bundles.import(altered)).rejects.toThrow(/^the signature is not of this file/);
  expect(await app.client.hosts.list({})).toMatchObject({ total: 0 });
  expect(await bundles.import(given)).toMatchObject({ signature: { kind: "gone" } });
});
