import { expect, test } from "vitest";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { readKnownHosts } from "#domain/ssh/known-hosts.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";
import { findKnownBeside } from "./known-beside.ts";

const RSA =
  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC1KyGGUw25sv6b0KMrXcAtwEjnT20vWZnLR0N9HGHVemDEZtG1nVOrEQgf4EAyO7oHEOCrQdo03yJCAUp9u1zqAMmkT9ETX9bLnKuyQe8fPUAU59e0JXcQtx47AZe8iwxqMLrGASxcNWQMIqg1Tbug1O0F0jUqD2GuY836KfboAw==";

function makeKey() {
  const { public: line } = makeKeyPair();
  const key = readKeyBlob(Buffer.from(line.split(" ")[1] ?? "", "base64"));
  if (!key) throw new Error("no key");
  return { key, line };
}

const own = makeKey();
const other = makeKey();

/** What a known_hosts of these lines says beside the own key of web1, which answered at 10.0.0.5. */
const beside = (lines: readonly string[], port = 22) =>
  findKnownBeside({ key: own.key, addresses: ["web1", "10.0.0.5"], port }, [
    readKnownHosts(lines.join("\n"), "kh"),
  ]);

test("a key that stands nowhere is that, and one under other names is shown with its lines, the first few", () => {
  expect(beside([`web9 ${other.line}`])).toEqual({ kind: "nothing" });
  expect(beside([`old.corp,older.corp ${own.line}`])).toMatchObject({
    kind: "same-key",
    total: 1,
    known: [{ names: "old.corp,older.corp", where: "kh:1", fingerprint: own.key.fingerprint }],
  });
  const many = Array.from({ length: 9 }, (_, index) => `web${index + 10} ${own.line}`);
  const found = beside(many);
  expect(found).toMatchObject({ kind: "same-key", total: 9 });
  expect("known" in found && found.known).toHaveLength(5);
  const salt = Buffer.alloc(20).toString("base64");
  expect(beside([`|1|${salt}|${salt} ${own.line}`])).toMatchObject({ known: [{ names: null }] });
});

test("another key of its type for the address that answered contradicts it; one of another type does not", () => {
  expect(beside([`10.0.0.5 ${other.line}`])).toMatchObject({
    kind: "mismatch",
    known: [{ names: "10.0.0.5", fingerprint: other.key.fingerprint, where: "kh:1" }],
  });
  expect(beside([`10.0.0.5 ${other.line}`, `10.0.0.5 ${own.line}`])).toMatchObject({ kind: "same-key" });
  expect(beside([`10.0.0.5 ${RSA}`])).toMatchObject({ kind: "other-type", known: [{ keyType: "ssh-rsa" }] });
  expect(beside([`10.0.0.5 ${RSA}`, `10.0.0.5 ${other.line}`])).toMatchObject({ kind: "mismatch", total: 1 });
  // Another daemon of that address is another matter.
  expect(beside([`10.0.0.5 ${other.line}`], 2222)).toEqual({ kind: "nothing" });
  expect(beside([`[10.0.0.5]:2222 ${other.line}`], 2222)).toMatchObject({ kind: "mismatch" });
});

test("a key that is revoked under any name is that, whatever else is known of it", () => {
  expect(beside([`old.corp ${own.line}`, `@revoked *.elsewhere ${own.line}`])).toEqual({
    kind: "revoked",
    where: "kh:2",
  });
});
