import { expect, test } from "vitest";
import type { KeyFile } from "#domain/collection/collection.ts";
import { makeAccount, makeCollection, makeKeysFile } from "#domain/ssh/testdata/make-collection.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { evaluateGrants } from "./effective.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { findLeak, findLeakedKeys } from "./leaked-keys.ts";

/** From hashicorp/vagrant, keys/vagrant.pub.rsa and keys/vagrant.pub.ed25519. */
const VAGRANT_RSA =
  "ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ==";
const VAGRANT_ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y";
/** The key of root on every F5 BIG-IP before June 2012. */
const F5 = "SHA256:9prMbqhS4QteoFQ1ZRJDqSBLWoHXPyKB0iWR05Ghro4";

const blobOf = (line: string) => readPublicKeyLine(line)?.key.blob ?? new Uint8Array();

function find(more: Parameters<typeof makeCollection>[0]) {
  const collection = makeCollection(more);
  return findLeakedKeys(collection, evaluateGrants(collection));
}

test("both of Vagrant's insecure keys are known, whatever their comment says", () => {
  const accounts = [makeAccount("vagrant")];
  const lines = [
    `${VAGRANT_RSA} mine`,
    `${VAGRANT_ED25519} vagrant insecure public key`,
    SAMPLE_KEYS.ed25519,
  ];
  const authorizedKeys = [makeKeysFile(makeAccount("vagrant"), lines.join("\n"))];
  expect(find({ accounts, authorizedKeys })).toMatchObject([
    {
      rule: "key-leaked",
      severity: "critical",
      sentence: "its private key is published (Vagrant's insecure key): whoever has it logs in as vagrant",
      about: { kind: "grant", line: 1 },
    },
    { rule: "key-leaked", about: { kind: "grant", line: 2 } },
  ]);
});

test("a published key on a line that sshd refuses is no alarm, but still there to be removed", () => {
  const accounts = [makeAccount("vagrant")];
  const authorizedKeys = [makeKeysFile(makeAccount("vagrant"), VAGRANT_RSA)];
  expect(find({ accounts, authorizedKeys, config: "PubkeyAuthentication no\n" })).toMatchObject([
    { severity: "medium", sentence: expect.stringMatching(/: sshd refuses the line today$/) },
  ]);
});

test("a published private key on a host is said of its file, and as a host key of the host", () => {
  const path = "/home/vagrant/.ssh/id_rsa";
  const file: KeyFile = {
    path,
    entry: { path, type: "file", mode: 0o600, uid: 1_000, gid: 1_000, hasAcl: false },
    format: "pem",
    isEncrypted: false,
    blob: blobOf(VAGRANT_RSA),
    lock: null,
    signature: null,
    blobBeside: null,
    whyNoKey: null,
    spki: null,
  };
  const hostKey = { path: "/etc/ssh/ssh_host_ed25519_key.pub", blob: blobOf(VAGRANT_ED25519) };
  const found = find({ keyFiles: [file], hostKeys: [hostKey] });
  expect(found).toMatchObject([
    { rule: "key-leaked", severity: "high", about: { kind: "key-file", path } },
    { rule: "host-key-leaked", severity: "critical", about: { kind: "host" } },
  ]);
  expect(found[1]?.evidence).toEqual([
    "/etc/ssh/ssh_host_ed25519_key.pub: SHA256:WkvqjnyPAeC0cbPErYiGP9vqHdgL1MqqvPdIe3lvHgI (Vagrant's insecure key)",
  ]);
});

test("a key that nobody published is not said to be leaked", () => {
  expect(findLeak(F5)).toBe("F5 BIG-IP, account root (CVE-2012-1493)");
  expect(findLeak(F5.slice(0, -1))).toBe(null);
});
