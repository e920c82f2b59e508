import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { evaluateHostCertificate } from "./host-certificate.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { readKnownHosts } from "./known-hosts.ts";

const TYPES = {
  ed25519: ["-t", "ed25519"],
  p256: ["-t", "ecdsa", "-b", "256"],
  p384: ["-t", "ecdsa", "-b", "384"],
  p521: ["-t", "ecdsa", "-b", "521"],
  rsa: ["-t", "rsa", "-b", "2048"],
};
const ALGORITHMS = ["ssh-ed25519", "ecdsa", "ecdsa", "ecdsa", "rsa-sha2-256", "rsa-sha2-512"];

test("certificates that ssh-keygen makes with authorities and hosts of every type are trusted", async () => {
  await using folder = await makeTemporaryFolder();
  const keygen = (...options: string[]) =>
    execFileSync("ssh-keygen", ["-q", ...options], { cwd: folder.path });
  const read = (name: string) => {
    const line = readFileSync(join(folder.path, name), "utf8");
    return { line, blob: readPublicKeyLine(line)?.key.blob ?? new Uint8Array() };
  };
  for (const [name, options] of Object.entries(TYPES)) keygen(...options, "-N", "", "-f", name);
  const judged: string[] = [];
  for (const authority of [...Object.keys(TYPES), "rsa"]) {
    const algorithm = ALGORITHMS[judged.length / 5] ?? "";
    for (const host of Object.keys(TYPES)) {
      const sign = algorithm.startsWith("rsa") ? ["-t", algorithm] : [];
      keygen("-s", authority, ...sign, "-I", host, "-h", "-n", "web1", "-V", "-1d:+1d", `${host}.pub`);
      const known = readKnownHosts(`@cert-authority web1 ${read(`${authority}.pub`).line}`, "kh");
      const { blob } = read(`${host}-cert.pub`);
      const question = { host: "web1", port: 22, blob, presented: read(`${host}.pub`).blob, now: new Date() };
      judged.push(
        evaluateHostCertificate({ ...question, authorities: known.find("web1") }, { knownHosts: [known] })
          .kind,
      );
    }
  }
  expect(judged).toEqual(Array(30).fill("trusted"));
});
