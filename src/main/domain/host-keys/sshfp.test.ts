import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareSshfp, nameInDns } from "./sshfp.ts";

const blob = new Uint8Array([1, 2, 3]);
const sha256 = hash("sha256", blob);
const fingerprint = `SHA256:${Buffer.from(sha256, "hex").toString("base64").replaceAll("=", "")}`;
const key = { keyType: "ssh-ed25519", fingerprint, blob };
const other = "00".repeat(32);
const record = (over: object) => ({ algorithm: 4, hash: 2, fingerprint: sha256, ...over });

test.each([
  ["match", key, [record({})]],
  ["match", { ...key, blob: null }, [record({ fingerprint: other }), record({})]],
  ["mismatch", key, [record({ fingerprint: other })]],
  ["not-published", key, [record({ algorithm: 1 })]],
  ["match", key, [record({ hash: 1, fingerprint: hash("sha1", blob) })]],
  ["mismatch", key, [record({ hash: 1, fingerprint: hash("sha1", blob) }), record({ fingerprint: other })]],
  ["not-comparable", { ...key, blob: null }, [record({ hash: 1 })]],
  ["no-number", { ...key, keyType: "ssh-mldsa44-ed25519@openssh.com" }, [record({})]],
] as const)("it is a %s", (result, given, records) => {
  expect(compareSshfp(given, records)).toBe(result);
});

test.each([
  ["web1.example", "web1.example"],
  ["[Web1.Example]:2222", "web1.example"],
  ["web1.example.", "web1.example"],
  ["web1", null],
  ["192.0.2.1", null],
  ["2001:db8::1", null],
  ["*.example", null],
  ["web1.example,192.0.2.1", null],
  ["a b.example", null],
])("DNS is asked for %s by %s", (name, asked) => {
  expect(nameInDns(name)).toBe(asked);
});

test("no name that DNS is asked for holds anything but letters, digits, hyphens, underscores and dots", () => {
  fc.assert(fc.property(fc.string(), (text) => /^[a-z0-9_.-]+$/.test(nameInDns(`${text}.example`) ?? "a")));
});
