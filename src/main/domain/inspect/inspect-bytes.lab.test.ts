import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readPem } from "#codec/pem.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readByOpenssl } from "#testing/tls/openssl.ts";
import { inspectBytes } from "./inspect-bytes.ts";

const run = promisify(execFile);

const KEYS = [
  ["ed25519", "openssh", ["-t", "ed25519"]],
  ["rsa", "openssh", ["-t", "rsa", "-b", "2048"]],
  ["ecdsa", "openssh", ["-t", "ecdsa", "-b", "521"]],
  ["rsa", "PEM", ["-t", "rsa", "-b", "3072", "-m", "PEM"]],
  ["ecdsa", "PKCS8", ["-t", "ecdsa", "-b", "256", "-m", "PKCS8"]],
] as const;

test.for(KEYS)(
  "a private key (%s, %s) shows the fingerprint that ssh-keygen shows",
  async ([, format, args]) => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "key");
    await run("ssh-keygen", ["-q", "-N", "", "-C", "me@desk", "-f", path, ...args]);
    const [bits, fingerprint] = (await run("ssh-keygen", ["-lf", `${path}.pub`])).stdout.split(" ");
    const keyType = (await readFile(`${path}.pub`, "utf8")).split(" ")[0];
    const said = { keyType, keyBits: Number(bits), fingerprint };

    expect(inspectBytes(path, await readFile(path))).toMatchObject({
      kind: "private-key",
      items: [{ what: "private-key", ...said, isEncrypted: false }],
      malformed: [],
    });
    expect(inspectBytes(path, await readFile(`${path}.pub`))).toMatchObject({
      kind: "public-key",
      items: [{ what: "public-key", ...said, comment: "me@desk" }],
    });
    const { stdout: rfc4716 } = await run("ssh-keygen", ["-e", "-m", "RFC4716", "-f", `${path}.pub`]);
    expect(inspectBytes("key.ssh2", Buffer.from(rfc4716))).toMatchObject({
      kind: "public-key",
      items: [said],
    });

    await run("ssh-keygen", [
      "-q",
      "-p",
      "-N",
      "passphrase",
      "-f",
      path,
      ...(format === "openssh" ? [] : ["-m", format]),
    ]);
    const locked = inspectBytes(path, await readFile(path));
    expect(locked).toMatchObject({ kind: "private-key", items: [{ isEncrypted: true }], malformed: [] });
    if (format === "openssh") expect(locked).toMatchObject({ items: [said] });
  },
);

test("every certificate of a bundle is listed in its order, with what openssl says of it", async () => {
  const bundle = await readFile("/etc/ssl/certs/ca-certificates.crt");
  const { kind, items, malformed } = inspectBytes("ca-certificates.crt", bundle);
  const answers = [];
  for (const bytes of readPem(bundle).ders) answers.push(await readByOpenssl(bytes));
  expect({ kind, malformed }).toEqual({ kind: "certificates", malformed: [] });
  expect(items).toMatchObject(
    answers.map((answer) => {
      const { sha256, subject, issuer, serial, notBefore, notAfter, signature, keyBits } = answer ?? {};
      return { sha256, subject, issuer, serial, notBefore, notAfter, signature, keyBits };
    }),
  );
});

test("known_hosts that ssh-keygen has hashed is read line by line", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "c", "-f", path]);
  const key = (await readFile(`${path}.pub`, "utf8")).trim();
  const file = join(folder.path, "hosts");
  await writeFile(file, `web,10.0.0.1 ${key}\n[web]:2222 ${key}\n`);
  await run("ssh-keygen", ["-H", "-f", file]);

  const { kind, items, malformed } = inspectBytes(file, await readFile(file));
  expect({ kind, malformed }).toEqual({ kind: "known_hosts", malformed: [] });
  expect(items).toMatchObject([1, 2, 3].map((line) => ({ line, options: expect.stringMatching(/^\|1\|/) })));
});
