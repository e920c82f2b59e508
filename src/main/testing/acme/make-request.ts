import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AcmeIdentifier } from "#shared/model/acme.ts";

const run = promisify(execFile);

export type TestRequest = { csr: Uint8Array; names: AcmeIdentifier[]; spki: Uint8Array };

/** A request for names (`DNS:a.example`, `IP:192.0.2.1`) by the openssl command, and the public half of its new key. */
export async function makeRequest(folder: string, ...names: readonly string[]): Promise<TestRequest> {
  const path = (name: string) => join(folder, `${names[0]?.replace(/\W/g, "-")}.${name}`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path("key")];
  const asked = ["-subj", "/", "-addext", `subjectAltName=${names.join(",")}`];
  await run("openssl", ["req", "-new", ...key, ...asked, "-outform", "DER", "-out", path("csr")]);
  await run("openssl", ["pkey", "-in", path("key"), "-pubout", "-outform", "DER", "-out", path("spki")]);
  return {
    csr: await readFile(path("csr")),
    spki: await readFile(path("spki")),
    names: names.map((name) => identifierOf(...(name.split(/:(.*)/s) as [string, string]))),
  };
}

const identifierOf = (kind: string, value: string): AcmeIdentifier => ({
  type: kind === "IP" ? "ip" : "dns",
  value: value.toLowerCase(),
});
