import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluateHostCertificate, readHostCertificate } from "./host-certificate.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { readKnownHosts } from "./known-hosts.ts";

const lines = readFileSync(join(import.meta.dirname, "testdata/host-keys.txt"), "utf8")
  .split("\n")
  .slice(2);
const [caLine = "", hostLine = "", certificateLine = "", rsaLine = ""] = lines;
const blobOf = (line: string) => readPublicKeyLine(line)?.key.blob ?? new Uint8Array();
const blob = blobOf(certificateLine);

const judge = (asked: {
  host?: string;
  now?: string;
  blob?: Uint8Array;
  presented?: Uint8Array;
  knownHosts?: string;
}) => {
  const known = readKnownHosts(asked.knownHosts ?? `@cert-authority *.corp ${caLine}`, "kh");
  const host = asked.host ?? "web1.corp";
  return evaluateHostCertificate(
    {
      host,
      port: 22,
      blob: asked.blob ?? blob,
      presented: asked.presented ?? blobOf(hostLine),
      authorities: known.find(host).filter(({ marker }) => marker === "cert-authority"),
      now: new Date(asked.now ?? "2026-06-01T12:00:00Z"),
    },
    { knownHosts: [known] },
  );
};

test("a host certificate is read as ssh-keygen -L shows it", () => {
  expect(readHostCertificate(blob)).toMatchObject({
    key: { keyType: "ssh-ed25519", fingerprint: "SHA256:YdgvfZwnbaTk5BEMmgp4dPMYpb7yoTtnyE5u5OuUhN8" },
    authority: { keyType: "ssh-ed25519", fingerprint: "SHA256:1Jsj/NUQCaADnPBL6uI4Wk7l4UFM/JS9veouZmcyC2E" },
    serial: 7n,
    kind: "host",
    keyId: "web1-cert",
    principals: ["web1.corp", "*.web.corp"],
    validAfter: 1735689600n,
    validBefore: 1798761600n,
    criticalOptions: [],
  });
});

test("a certificate by a trusted authority is trusted for the names in it, wildcards and all", () => {
  const trusted = { kind: "trusted", where: "kh:1", keyId: "web1-cert", serial: "7" };
  expect(judge({})).toEqual(trusted);
  expect(judge({ host: "WEB1.corp", knownHosts: `@cert-authority * ${caLine}` })).toEqual(trusted);
  expect(judge({ host: "x.web.corp" })).toEqual(trusted);
});

test.each([
  [
    "is for another host",
    { host: "web2.corp" },
    "its host certificate is for web1.corp, *.web.corp, not for web2.corp",
  ],
  [
    "is not valid yet",
    { now: "2024-12-31T23:59:59Z" },
    "its host certificate is valid only from 2025-01-01T00:00:00Z",
  ],
  ["has expired", { now: "2027-01-01T00:00:00Z" }, "its host certificate expired at 2027-01-01T00:00:00Z"],
  ["is for another key", { presented: blobOf(rsaLine) }, "not for the key it presents"],
  ["is signed by a stranger", { knownHosts: `@cert-authority * ${rsaLine}` }, "which is not trusted for it"],
  ["was altered", { blob: altered(blob) }, "the signature of its host certificate is wrong"],
])("a certificate that %s is invalid, and it is said why", (_, asked, why) => {
  expect(judge(asked)).toEqual({ kind: "invalid", why: expect.stringContaining(why) });
});

test("a certificate whose key or authority is revoked is refused", () => {
  const authority = `@cert-authority * ${caLine}\n`;
  expect(judge({ knownHosts: `${authority}@revoked * ${caLine}` })).toEqual({
    kind: "revoked",
    where: "kh:2",
  });
  expect(judge({ knownHosts: `${authority}@revoked * ${hostLine}` })).toEqual({
    kind: "revoked",
    where: "kh:2",
  });
});

test("neither cut nor altered bytes make it throw or trust", () => {
  for (let length = 0; length < blob.length; length++)
    expect(readHostCertificate(blob.subarray(0, length))).toBeNull();
  fc.assert(
    fc.property(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const copy = Uint8Array.from(blob);
      copy[at] = (copy[at] ?? 0) ^ change;
      expect(judge({ blob: copy }).kind).not.toBe("trusted");
    }),
  );
});

/** The certificate for another serial, with the signature that it had. */
function altered(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  const serial = copy.indexOf(Buffer.from([0, 0, 0, 0, 0, 0, 0, 7]));
  copy.writeUInt8(8, serial + 7);
  return copy;
}
