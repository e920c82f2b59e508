import { join } from "node:path";
import { expect, test } from "vitest";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { readKnownHosts } from "#domain/ssh/known-hosts.ts";
import { openStore } from "#store/store.ts";
import { START, visitHost } from "#store/testing/make-visit.ts";
import { sshfpOf, startDnsServer } from "#testing/dns-server.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

function makeKey() {
  const blob = Uint8Array.from(Buffer.from(makeKeyPair().public.split(" ")[1] ?? "", "base64"));
  const key = readKeyBlob(blob);
  if (!key) throw new Error("no key");
  return key;
}

test("the keys of hosts are listed and compared with DNS, and pins are printed as ssh reads them", async () => {
  await using folder = await makeTemporaryFolder();
  const database = join(folder.path, "latchkey.db");
  const [own, other] = [makeKey(), makeKey()];
  const store = openStore({ path: database, access: "write" });
  for (const name of ["web1.example", "web2.example"]) {
    visitHost(store, name, { hostKey: own });
    store.pins.put({ ...own, host: name, port: 22, source: "accepted", pinnedAt: START });
  }
  store.close();
  await using server = await startDnsServer({
    names: {
      "web1.example": [sshfpOf("web1.example", 4, own.fingerprint)],
      "web2.example": [sshfpOf("web2.example", 4, other.fingerprint)],
    },
  });
  const workstation = { user: "jo", home: folder.path, agentSocket: null };
  const type = openTerminal(database, { now: () => new Date(START), workstation });
  const resolver = `${server.resolver.address}:${server.resolver.port}`;

  const { out, err, code } = await type("host-keys", "--resolver", resolver);
  expect([code, err]).toEqual([0, ""]);
  const said = out.split("\n").map((line) => line.split(/ {2,}/));
  expect(said.slice(0, 3)).toEqual([
    ["NAME", "STATE", "DNS", "TYPE", "FINGERPRINT", "PRESENTED", "ALSO ON", "WHY"],
    [
      "web1.example",
      "matched",
      "match",
      "ssh-ed25519",
      own.fingerprint,
      "just now",
      "web2.example",
      "presented, and pinned",
    ],
    [
      "web2.example",
      "matched",
      "mismatch",
      "ssh-ed25519",
      own.fingerprint,
      "just now",
      "web1.example",
      "presented, and pinned",
    ],
  ]);
  const json = JSON.parse((await type("host-keys", "web1", "--resolver", resolver, "--json")).out);
  expect(json.hostKeys).toMatchObject([
    { name: "web1.example", sshfp: { answer: "records", result: "match", isValidated: false } },
  ]);
  expect((await type("host-keys", "--resolver", "dns.example")).err).toContain("is no resolver");

  const { out: lines } = await type("host-keys", "--known-hosts");
  const [found] = readKnownHosts(lines, "printed").find("web2.example");
  expect(found?.key.fingerprint).toBe(own.fingerprint);
});
