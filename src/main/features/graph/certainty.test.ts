import { expect, test } from "vitest";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import { fingerprintOf } from "#store/testing/make-visit.ts";
import { type File, file, grant, type Host, openGraph, rule } from "./testing/open-graph.ts";

test.each<[string, Host, string]>([
  [
    "a verdict that is not known",
    { grants: [grant("key", "deploy", { state: "unknown", reasons: ["sshd_config was not read"] })] },
    "sshd_config was not read",
  ],
  [
    "addresses",
    { grants: [grant("key", "deploy", { onlyFrom: ["10.0.0.0/8"] })] },
    "bound to addresses: 10.0.0.0/8",
  ],
  [
    "a grant without a shell",
    { grants: [grant("key", "deploy", { gives: ["forwarding"] })] },
    "no shell; it gives forwarded connections",
  ],
  [
    "a gift that was not told",
    { grants: [grant("key", "deploy", { gives: [] })] },
    "what it allows was not read",
  ],
])("%s makes a step possible and not certain, and the row says so", async (_, target, note) => {
  const graph = openGraph({ web: { keyFiles: [file("key", "root")] }, db: target });
  const { rows } = await graph.client.links({});
  expect(rows).toMatchObject([{ isCertain: false, notes: [note] }]);
  expect(await graph.path("web", "db")).toEqual(["root@web opens? deploy@db 1"]);
  expect(await graph.path("web", "db", { onlyCertain: true })).toBe(null);
  expect(await graph.links({ onlyCertain: true })).toEqual([]);
});

test.each<[string, Partial<File>, string]>([
  ["a passphrase", { isEncrypted: true }, "it is locked: its passphrase is needed"],
  ["a lock that was not seen", { isEncrypted: null }, "whether it is locked is not known"],
  ["a security key", { keyType: "sk-ssh-ed25519@openssh.com" }, "its security key is needed"],
  [
    "a public half beside it that proves nothing",
    { fingerprint: null, likelyFingerprint: fingerprintOf("key"), isEncrypted: true },
    "it is locked, and the key is that of the .pub file beside it: not verified",
  ],
])("a key file with %s is possible and not certain", async (_, more, note) => {
  const graph = openGraph({
    web: { keyFiles: [file("key", "root", more)] },
    db: { grants: [grant("key", "deploy")] },
  });
  expect((await graph.client.links({})).rows).toMatchObject([{ isCertain: false, notes: [note] }]);
  expect(await graph.links({ onlyCertain: true })).toEqual([]);
  expect(await graph.path("web", "db")).toEqual(["root@web opens? deploy@db 1"]);
  expect(await graph.reach("deploy@db", { direction: "to" })).toContain("root@web opens? deploy@db 1");
});

test.each<[string, Partial<Escalation>]>([
  ["that asks for a password", { password: "own" }],
  ["that could not be read", { isCertain: false }],
  ["for commands that open no shell", { commands: "some", what: ["/bin/ls"] }],
])("a rule %s is possible and not certain; the list and the walk agree", async (_, more) => {
  const graph = openGraph({ web: { escalations: [rule("deploy", more)] } });
  expect(await graph.links()).toEqual(["deploy@web sudo? root@web"]);
  expect(await graph.links({ onlyCertain: true })).toEqual([]);
  expect(await graph.path("deploy@web", "root@web", { onlyCertain: true })).toBe(null);
});
