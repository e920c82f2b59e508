import { toInstant } from "#shared/model/instant.ts";
import { openStore } from "#store/store.ts";
import {
  beginScan,
  makeAccount,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  makeVerdict,
  visitEndpoint,
  visitHost,
} from "./make-visit.ts";

type Collected = NonNullable<NonNullable<Parameters<typeof visitHost>[2]>["collected"]>;

const DAY_MS = 86_400_000;

/** Makes a database of two scans, a day apart, of which the second finds a change of each kind. */
export function makeChangedDatabase(path: string): void {
  const store = openStore({ path, access: "write" });
  const stays = [
    makeGrant("ann@desk"),
    makeGrant("bob@desk", { line: 2, account: "deploy", file: "/home/deploy/.ssh/authorized_keys" }),
  ];
  const before = new Date(Date.now() - 2 * DAY_MS);
  scan(before, {
    grants: [...stays, makeGrant("carol@old", { line: 3 })],
    accounts: [makeAccount("deploy", { shell: "/bin/bash", passwordState: "locked" })],
    keyFiles: [makeKeyFile("id_backup")],
    hostKeys: [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint: `SHA256:${"A".repeat(43)}` }],
  });
  const refused = makeVerdict("no");
  refused.effective.dormant = "PermitRootLogin no";
  scan(new Date(before.getTime() + DAY_MS), {
    grants: [
      { ...(stays[0] ?? makeGrant("ann@desk")), verdict: refused },
      makeGrant("bob@desk", {
        line: 2,
        account: "deploy",
        file: "/home/deploy/.ssh/authorized_keys",
        options: "no-pty",
        text: "no-pty ssh-ed25519 bob",
      }),
      makeGrant("eve@cafe", { line: 4 }),
      makeGrant("tmp@build", { line: 5 }),
    ],
    accounts: [makeAccount("deploy", { shell: "/bin/bash" })],
    hostKeys: [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint: `SHA256:${"B".repeat(43)}` }],
  });
  store.close();

  function scan(when: Date, collected: Collected): void {
    const at = toInstant(when);
    const scanId = beginScan(store, at);
    visitHost(store, "web1.example", { scanId, at, collected });
    const certificate = makeCertificate(`shop ${at.slice(0, 10)}`, { subject: "CN=shop.example" });
    visitEndpoint(store, "shop.example", { scanId, at, presented: { chain: [certificate] } });
    store.scans.finish(scanId, "finished", at);
  }
}
