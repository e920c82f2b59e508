import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { printPem } from "#codec/pem.ts";
import { openTerminal, type Said } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeChain } from "#testing/tls/conforming-chain.ts";
import { type PkitsRow, readPkits } from "#testing/tls/read-vectors.ts";
import { isAuthority, isNamed, signCertificate } from "#testing/tls/sign-certificate.ts";

const now = () => new Date("2026-06-01T00:00:00Z");

/** If the database were opened, there would be an error, for it does not exist. */
const type = (...argv: string[]): Promise<Said> =>
  openTerminal("/nowhere/latchkey.db", { now })("verify", ...argv);

test("every row of NIST's suite comes out of the command line as NIST says", async () => {
  await using folder = await makeTemporaryFolder();
  const { rows, fileOf } = readPkits();
  const names = new Set(rows.flatMap(({ certificates, crls }) => [...certificates, ...crls]));
  for (const name of names) await writeFile(join(folder.path, name), fileOf(name));
  const different: string[] = [];
  for (const row of rows) {
    const { code, out, err } = await type(...toArguments(row, folder.path));
    expect(err).toBe("");
    const { state, path } = JSON.parse(out);
    expect(code).toBe(state === "valid" ? 0 : 1);
    if ((state === "valid") !== row.isValid) different.push(row.name);
    if (row.isValid) expect(path.length).toBeGreaterThan(1);
  }
  expect(different).toEqual([]);
});

test("a chain that clients accept against its profile exits with 0 only where no profile was asked for", async () => {
  await using folder = await makeTemporaryFolder();
  const file = (name: string) => join(folder.path, name);
  const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
  await writeFile(file("root.pem"), printPem(root.der));
  await writeFile(file("leaf.pem"), printPem(signCertificate({ subject: "x", issuer: root }).der));
  const asked = ["--leaf", file("leaf.pem"), "--roots", file("root.pem")];
  const { code, out } = await type(...asked);
  expect({ code, out: out.replace(/[0-9a-f]{64}/g, "{sha256}") }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "out": "valid for OpenSSL and Go, against RFC 5280
      extension-missing      x does not identify the key of its issuer by an authority key identifier (RFC 5280, 4.2.1.1; OpenSSL and Go accept it)
      extension-missing      root is of an authority and has no subject key identifier (RFC 5280, 4.2.1.2; OpenSSL and Go accept it)
      extension-missing      root signs others and has no key usage (RFC 5280, 4.2.1.3; OpenSSL and Go accept it)
      leaf                   {sha256}
      issued by              {sha256}",
    }
  `);
  expect((await type(...asked, "--profile", "rfc5280")).code).toBe(1);
  expect((await type(...asked, "--profile", "webpki")).code).toBe(1);
  const clients = await type(...asked, "--profile", "clients");
  expect(clients.code).toBe(0);
  expect(clients.out).toMatch(/^valid for clients\nnotes\n/);
});

test("no more intermediates are taken than are asked for", async () => {
  await using folder = await makeTemporaryFolder();
  const { root, middle, leaf } = makeChain();
  for (const [name, { der }] of Object.entries({ root, middle, leaf }))
    await writeFile(join(folder.path, name), printPem(der));
  const file = (option: string, name: string) => [option, join(folder.path, name)];
  const asked = [...file("--leaf", "leaf"), ...file("--chain", "middle"), ...file("--roots", "root")];
  expect(await type(...asked, "--max-depth", "1")).toMatchObject({ code: 0, err: "" });
  const { code, out } = await type(...asked, "--max-depth", "0", "--json");
  expect([code, JSON.parse(out).reasons]).toMatchObject([1, [{ code: "path-too-deep" }]]);
  expect((await type(...asked, "--max-depth", "many")).code).toBe(2);
});

function toArguments({ certificates, crls, ...row }: PkitsRow, folder: string): string[] {
  const files = (option: string, names: readonly string[]) =>
    names.flatMap((name) => [option, join(folder, name)]);
  return [
    ...files("--roots", certificates.slice(0, 1)),
    ...files("--chain", certificates.slice(1, -1)),
    ...files("--leaf", certificates.slice(-1)),
    ...files("--crl", crls),
    ...row.policies.flatMap((oid) => ["--policy", oid]),
    ...(row.requireExplicit ? ["--explicit-policy"] : []),
    ...(row.inhibitMapping ? ["--inhibit-mapping"] : []),
    ...(row.inhibitAny ? ["--inhibit-any"] : []),
    // One of them is valid with basic constraints that are not critical, which RFC 5280 forbids its issuer.
    "--profile",
    "clients",
    "--json",
  ];
}

test("a terminal is told the state, the reasons and the path, and nothing that it would obey", async () => {
  await using folder = await makeTemporaryFolder();
  const file = (name: string) => join(folder.path, name);
  const root = signCertificate({ subject: "root\u001b[2J", extensions: [isAuthority()] });
  const leaf = signCertificate({
    subject: "x",
    issuer: root,
    extensions: [isNamed("a.example", "b\u202e.example")],
  });
  await writeFile(file("root.pem"), printPem(root.der));
  await writeFile(file("leaf.pem"), printPem(leaf.der));
  const asked = ["--leaf", file("leaf.pem"), "--roots", file("root.pem")];
  expect(await type(...asked)).toMatchObject({ code: 0, err: "" });
  const { code, out } = await type(...asked, "--name", "c.example", "--at", "2050-01-01T00:00:00+01:00");
  expect({ code, out: out.replace(/[0-9a-f]{64}/g, "{sha256}") }).toMatchInlineSnapshot(`
    {
      "code": 1,
      "out": "invalid by RFC 5280
      expired                x expired on 2036-01-01T00:00:00Z
      expired                root<U+001B>[2J expired on 2036-01-01T00:00:00Z
      name-mismatch          x is for DNS:a.example, DNS:bâ<U+0080>®.example, and not for c.example
      extension-missing      x does not identify the key of its issuer by an authority key identifier (RFC 5280, 4.2.1.1; OpenSSL and Go accept it)
      name-malformed         x has a name that is not written in ASCII: b<U+202E>.example (RFC 5280, 4.2.1.6; OpenSSL accepts it)
      extension-missing      root<U+001B>[2J is of an authority and has no subject key identifier (RFC 5280, 4.2.1.2; OpenSSL and Go accept it)
      extension-missing      root<U+001B>[2J signs others and has no key usage (RFC 5280, 4.2.1.3; OpenSSL and Go accept it)
      leaf                   {sha256}
      issued by              {sha256}",
    }
  `);
});

test("an empty chain is no chain, and an empty list tells nothing of anybody", async () => {
  await using folder = await makeTemporaryFolder();
  const file = (name: string) => join(folder.path, name);
  const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
  await writeFile(file("root.pem"), printPem(root.der));
  await writeFile(file("leaf.pem"), printPem(signCertificate({ subject: "x", issuer: root }).der));
  await writeFile(file("empty.pem"), "\n");
  const asked = ["--leaf", file("leaf.pem"), "--roots", file("root.pem"), "--chain", file("empty.pem")];
  expect(await type(...asked)).toMatchObject({ code: 0, err: "" });
  const { code, out } = await type(...asked, "--crl", file("empty.pem"), "--profile", "clients", "--json");
  expect([code, JSON.parse(out).reasons.map((reason: { code: string }) => reason.code)]).toEqual([
    1,
    ["revocation-unknown"],
  ]);
});

test("verify loads neither the database nor SSH nor the contract", () => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  for (const entry of ["../start.ts", "../verify-line.ts", "../../../verify.ts", "../terminal.ts"])
    collectImports(join(import.meta.dirname, entry), { packages, seen });
  expect([...packages].filter((name) => !name.startsWith("node:")).sort()).toEqual([
    "commander",
    "ipaddr.js",
    "zod",
  ]);
  expect(seen.size).toBeGreaterThan(30);
});

const IMPORT = /^(?:import|export) (?!type )[^;`]*?from "([^"]+)";|^import "([^"]+)";/gm;
const ROOT = resolve(import.meta.dirname, "../../../../..");
const ALIASES: Record<string, string> = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).imports;

/** Every module that a module imports for more than its types, and those that they import. */
function collectImports(path: string, found: { packages: Set<string>; seen: Set<string> }): void {
  if (found.seen.has(path)) return;
  found.seen.add(path);
  if (path.endsWith(".json")) return;
  for (const [, from, bare = ""] of readFileSync(path, "utf8").matchAll(IMPORT)) {
    const name = from ?? bare;
    const target = name.startsWith("#")
      ? resolveAlias(name)
      : name.startsWith(".")
        ? resolve(path, "..", name)
        : null;
    if (target) collectImports(target, found);
    else found.packages.add(name);
  }
}

function resolveAlias(name: string): string {
  const exact = ALIASES[name];
  if (exact) return join(ROOT, exact);
  const [folder = "", ...rest] = name.split("/");
  return join(ROOT, (ALIASES[`${folder}/*`] ?? "").replace("*", rest.join("/")));
}
