import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { decodePem, findPemBlocks, printPem } from "#codec/pem.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeKey } from "#testing/tls/make-request.ts";
import { makeRevocationList } from "./authority.ts";
import { MADE_AT, makeOwnAuthority } from "./testing/make-own-authority.ts";

const run = promisify(execFile);

const openssl = (args: readonly string[]): Promise<string> =>
  run("openssl", [...args]).then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );

/** An authority whose certificates and lists are in a folder, and openssl to verify what it signs. */
async function openDesk() {
  const folder = await makeTemporaryFolder();
  const authority = await makeOwnAuthority();
  const path = (name: string) => join(folder.path, name);
  const put = async (name: string, der: Uint8Array) => {
    await writeFile(path(name), printPem(der));
    return path(name);
  };
  const rootFile = await put("root.pem", authority.root.der);
  const intermediateFile = await put("intermediate.pem", authority.intermediate.der);
  const at = String(MADE_AT.getTime() / 1_000);
  return {
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    authority,
    path,
    put,
    verify: async (leaf: Uint8Array, ...more: string[]) => {
      const args = ["verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver", "-attime", at];
      const chain = ["-no-CApath", "-no-CAstore", "-CAfile", rootFile, "-untrusted", intermediateFile];
      return openssl([...args, ...chain, ...more, await put("leaf.pem", leaf)]);
    },
  };
}

/** A request as openssl makes it. */
async function askByOpenssl(folder: string, names: string, keyArgs: readonly string[]): Promise<Uint8Array> {
  const [key, csr] = [join(folder, "asked.key"), join(folder, "asked.csr")];
  await run("openssl", ["genpkey", ...keyArgs, "-out", key]);
  const args = ["-subj", "/CN=asked", "-addext", `subjectAltName=${names}`];
  await run("openssl", ["req", "-new", "-key", key, "-out", csr, ...args]);
  const [block] = findPemBlocks(await readFile(csr, "utf8"));
  return decodePem(block?.lines ?? []) ?? new Uint8Array();
}

test.each([
  ["P-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]],
  ["RSA", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ["Ed25519", ["-algorithm", "ED25519"]],
])(
  "a request of openssl's with a key of %s is signed, and openssl verifies the chain strictly",
  async (_, key) => {
    await using desk = await openDesk();
    const csr = await askByOpenssl(
      desk.path("."),
      "DNS:www.corp.example,DNS:*.corp.example,IP:10.1.2.3",
      key,
    );
    const leaf = await desk.authority.sign(csr);
    expect(await desk.verify(leaf, "-verify_hostname", "x.corp.example")).toMatch(/leaf.pem: OK\n$/);
    expect(await desk.verify(leaf, "-verify_ip", "10.1.2.3")).toMatch(/leaf.pem: OK\n$/);
    expect(await desk.verify(leaf, "-verify_hostname", "bank.example")).toMatch(/hostname mismatch/i);
  },
);

test("openssl takes a certificate of addresses alone", async () => {
  await using desk = await openDesk();
  const csr = await askByOpenssl(desk.path("."), "IP:10.1.2.3", ["-algorithm", "ED25519"]);
  expect(await desk.verify(await desk.authority.sign(csr))).toMatch(/leaf.pem: OK\n$/);
});

test("openssl refuses what the authority does not permit, where somebody had its key sign it", async () => {
  await using desk = await openDesk();
  const ask = { spki: makeKey().spki, isRsa: false, purposes: ["1.3.6.1.5.5.7.3.1"] };
  for (const name of [
    { kind: "dns" as const, text: "bank.example" },
    { kind: "ip" as const, text: "11.0.0.1", bytes: [11, 0, 0, 1] },
    { kind: "ip" as const, text: "fd00::1", bytes: [0xfd, ...Array<number>(14).fill(0), 1] },
  ])
    expect(await desk.verify(await desk.authority.signBlindly({ ...ask, names: [name] }))).toMatch(
      /permitted subtree violation/,
    );
});

test("openssl goes by the revocation lists, and reads their numbers, reasons and dates", async () => {
  await using desk = await openDesk();
  const csr = await askByOpenssl(desk.path("."), "DNS:a.corp.example", ["-algorithm", "ED25519"]);
  const [good, bad] = [await desk.authority.sign(csr), await desk.authority.sign(csr)];
  const serial = readCertificate(bad)?.serial ?? "";
  const revoked = [
    { serial, at: "2026-05-31T23:30:00Z", reason: "key-compromise" as const },
    { serial: "80", at: "2026-05-31T23:30:00Z", reason: "unspecified" as const },
  ];
  const wish = { now: MADE_AT, days: 7 };
  const { root, intermediate } = desk.authority;
  const list = await makeRevocationList({ ...wish, number: 300, revoked }, intermediate);
  const rootList = await makeRevocationList({ ...wish, number: 1, revoked: [] }, root);
  await writeFile(desk.path("list.der"), list);
  const text = await openssl(["crl", "-inform", "DER", "-in", desk.path("list.der"), "-noout", "-text"]);
  expect(text).toContain("Version 2");
  expect(text).toContain("Next Update: Jun  8 00:00:00 2026 GMT");
  expect(text.replace(/\s+/g, " ")).toContain("X509v3 CRL Number: 300");
  expect(text).toContain("Key Compromise");
  expect(text).toContain(`Serial Number: ${serial}`);
  const lists = [list, rootList].map((der) => printPem(der).replaceAll("CERTIFICATE", "X509 CRL")).join("");
  await writeFile(desk.path("lists.pem"), lists);
  const checked = ["-crl_check_all", "-CRLfile", desk.path("lists.pem")];
  expect(await desk.verify(good, ...checked)).toMatch(/leaf.pem: OK\n$/);
  expect(await desk.verify(bad, ...checked)).toMatch(/certificate revoked/);
});
