import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createRouterClient } from "@orpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPem } from "#codec/pem.ts";
import { readListFile } from "#domain/x509/path/trusted-roots.ts";
import { sealTo } from "#net/vault/sealed-box.ts";
import { COST, typed } from "#net/vault/testing/typed.ts";
import { createVault } from "#net/vault/vault-client.ts";
import { Redacted } from "#shared/model/secret.ts";
import { openStore } from "#store/store.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeKey, makeRequest } from "#testing/tls/make-request.ts";
import { createIssuers } from "./index.ts";

const run = promisify(execFile);

const folder = await makeTemporaryFolder();
const vault = createVault({ path: join(folder.path, "latchkey.db.vault"), cost: COST });
beforeAll(() => vault.create(typed("the passphrase"), null));
afterAll(async () => {
  await vault[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const at = (name: string): string => join(folder.path, name);
const openssl = (...args: readonly string[]) => run("openssl", args, { cwd: folder.path });
const read = (name: string): Promise<string> => readFile(at(name), "utf8");

const KEYS = {
  rsa: ["-newkey", "rsa:2048"],
  ec: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
} as const;

/** A root, and a CA below it, as OpenSSL makes them: with key identifiers by SHA-1. */
async function makeCa(kind: keyof typeof KEYS): Promise<void> {
  const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  const subject = ["-subj", `/CN=${kind} root`, ...usage];
  await openssl(
    "req",
    "-x509",
    ...KEYS[kind],
    "-nodes",
    "-days",
    "900",
    "-keyout",
    `${kind}-root.key`,
    "-out",
    `${kind}-root.pem`,
    ...subject,
  );
  const signed = ["-CA", `${kind}-root.pem`, "-CAkey", `${kind}-root.key`];
  const extensions = ["-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", ...usage];
  await openssl(
    "req",
    "-x509",
    ...KEYS[kind],
    "-nodes",
    "-days",
    "800",
    "-keyout",
    `${kind}.key`,
    "-out",
    `${kind}.pem`,
    "-subj",
    `/CN=${kind} issuing`,
    ...signed,
    ...extensions,
  );
}

function openDesk() {
  const store = openStore({ path: ":memory:", access: "write" });
  const trusted: string[] = [];
  const issuers = createIssuers({
    store,
    vault,
    now: () => new Date(),
    announce: () => undefined,
    trust: async (_kind, _name, pem) => void trusted.push(pem),
  });
  const client = createRouterClient(issuers.procedures);
  const seal = async (text: string) => sealTo(await vault.receiver(), new Redacted(Buffer.from(text)));
  const take = async (name: string, certificate: string, key: string) =>
    client.importLocal({
      name,
      permitted: [".corp.example"],
      daysValid: 30,
      certificate: Buffer.from(certificate).toString("base64"),
      key: await seal(key),
    });
  return { client, trusted, take, [Symbol.asyncDispose]: async () => store.close() };
}

const kept = async () => (await vault.status()).kept.map(({ kind, count }) => `${count} ${kind}`);

for (const kind of ["rsa", "ec"] as const)
  test(`a CA that OpenSSL made (${kind}) signs here by its certificate and key, for the permitted names alone, as OpenSSL verifies; so does its root`, async () => {
    await using desk = openDesk();
    const { client, trusted, take } = desk;
    await makeCa(kind);
    const root = await read(`${kind}-root.pem`);
    const issuer = await take("corp", `${await read(`${kind}.pem`)}${root}`, await read(`${kind}.key`));
    expect(issuer).toMatchObject({
      kind: "local",
      permitted: ["corp.example"],
      root: { subject: `CN=${kind} root` },
      intermediate: { subject: `CN=${kind} issuing` },
    });
    expect(trusted.map((pem) => readPem(Buffer.from(pem)).ders)).toEqual([readPem(Buffer.from(root)).ders]);
    expect(await client.test({ name: "corp" })).toMatchObject({ isSound: true, lines: [expect.any(String)] });

    const key = makeKey();
    const sign = (name: string, names: string[]) =>
      client.sign({ name, base64: makeRequest({ key, names }).toString("base64") });
    const { pem } = await sign("corp", ["web1.corp.example"]);
    await writeFile(at("chain.pem"), pem);
    const { stdout } = await openssl(
      "verify",
      "-x509_strict",
      "-purpose",
      "sslserver",
      "-CAfile",
      `${kind}-root.pem`,
      "-untrusted",
      `${kind}.pem`,
      "chain.pem",
    );
    expect(stdout).toContain("chain.pem: OK");
    expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    await expect(sign("corp", ["web1.other.example"])).rejects.toThrow("web1.other.example");
    const [issued] = await client.issued({ name: "corp" });
    await client.revoke({ name: "corp", certificate: issued?.serial ?? "" });
    const list = await client.revocationList({ name: "corp" });
    expect(readListFile(Buffer.from(list.pem))).toHaveLength(1);
    await writeFile(at("list.pem"), list.pem);
    const revoked = await openssl(
      "verify",
      "-crl_check",
      "-CRLfile",
      "list.pem",
      "-CAfile",
      `${kind}-root.pem`,
      "-untrusted",
      `${kind}.pem`,
      "chain.pem",
    ).catch(String);
    expect(revoked).toContain("certificate revoked");

    await take("root", root, await read(`${kind}-root.key`));
    const alone = await sign("root", ["web2.corp.example"]);
    expect(alone.pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    await writeFile(at("leaf.pem"), alone.pem);
    expect((await openssl("verify", "-CAfile", `${kind}-root.pem`, "leaf.pem")).stdout).toContain(
      "leaf.pem: OK",
    );
    for (const name of ["corp", "root"]) await client.remove({ name });
    expect(await kept()).toEqual([]);
  });

test("what does not belong together, may not sign, has a passphrase or is no key is refused, and the vault keeps nothing of it", async () => {
  await using desk = openDesk();
  const { take } = desk;
  await makeCa("ec");
  await openssl(
    "req",
    "-x509",
    ...KEYS.ec,
    "-nodes",
    "-days",
    "9",
    "-keyout",
    "leaf.key",
    "-out",
    "server.pem",
    "-subj",
    "/CN=server",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
  );
  await openssl("pkey", "-in", "ec.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key");
  await openssl("genpkey", "-algorithm", "ed25519", "-out", "ed.key");
  const both = `${await read("ec.pem")}${await read("ec-root.pem")}`;
  const refused = (certificate: string, key: string) =>
    take("corp", certificate, key).catch(({ message }) => message);
  expect(await refused(both, await read("leaf.key"))).toMatch(/the key is of none of the certificates/);
  expect(await refused(await read("ec.pem"), await read("ec.key"))).toMatch(/the file holds no root/);
  expect(await refused(await read("server.pem"), await read("leaf.key"))).toMatch(
    /this CA cannot be used: it may not sign/,
  );
  expect(await refused("nothing", await read("ec.key"))).toMatch(/holds no certificate/);
  for (const key of [await read("locked.key"), await read("ed.key"), "secret words"]) {
    const message = await refused(both, key);
    expect(message).toMatch(/holds no private key that can be used/);
    expect(message).not.toContain("secret words");
  }
  expect(await kept()).toEqual([]);
});

test("a CA is imported by the command line, which names it by its subject", async () => {
  await makeCa("ec");
  await writeFile(at("both.pem"), `${await read("ec.pem")}${await read("ec-root.pem")}`);
  await writeFile(at("passphrase"), "a passphrase of its own\n", { mode: 0o600 });
  const type = openTerminal(at("cli.db"));
  const secret = ["--vault-passphrase-file", at("passphrase")];
  expect(await type("vault", "create", ...secret, "--no-recovery")).toMatchObject({ code: 0 });
  const files = (key: string) => ["--certificate", at("both.pem"), "--key", at(key)];
  const add = ["issuers", "add", "ca", "old", "--permit", ".corp.example"];
  expect(await type(...add, ...files("ec.pem"), ...secret)).toMatchObject({
    code: 2,
    err: expect.stringContaining("the key file holds no private key that can be used"),
  });
  const added = await type(...add, ...files("ec.key"), ...secret);
  expect(added).toMatchObject({ code: 0, err: "" });
  expect(added.out).toContain("old signs as CN=ec issuing, whose root is CN=ec root");
  expect((await type("issuers", "test", "old", ...secret)).out).toContain(
    "the intermediate has its key in the vault",
  );
});
