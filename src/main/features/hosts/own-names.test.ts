import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { findChangedHostKey } from "#domain/findings/host-findings.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  fingerprintOf,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  makeServing,
  START,
  visitHost,
} from "#store/testing/make-visit.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** Two machines that the user knows by address, one of which calls itself db-prod-1; as much on either. */
function fill(store: Store): void {
  const person = { name: "Ann", email: null, said: "active", leftOn: null } as const;
  const keys = ["10.0.0.5", "10.0.0.55"].map((host) => ({
    fingerprint: fingerprintOf(`ann ${host}`),
    keyType: "ssh-ed25519",
    keyBits: 256,
    comment: "",
  }));
  const people = [{ ...person, handle: "ann", logins: ["ann"], keys }];
  store.atomically(() =>
    store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at: START }),
  );
  for (const [host, hostname] of [
    ["10.0.0.5", "db-prod-1"],
    ["10.0.0.55", "web-prod-1"],
  ] as const) {
    const path = "/etc/ssl/shop.pem";
    const serving = makeServing("shop.example", {
      certificate: { path, directive: "ssl_certificate", at: { file: "/etc/nginx/nginx.conf", line: 2 } },
    });
    visitHost(store, host, {
      hostKey: {
        keyType: "ssh-ed25519",
        fingerprint: fingerprintOf(`of ${host}`),
        blob: new Uint8Array([1]),
      },
      findings: [
        findChangedHostKey(
          { kind: "ssh", host, port: 22, user: null },
          { keyType: "ssh-ed25519", fingerprint: fingerprintOf(`of ${host}`) },
          { isRevoked: false, evidence: "trusted: another" },
        ),
      ],
      collected: {
        hostname,
        grants: [makeGrant(`ann ${host}`), makeGrant(`deploy ${host}`, { line: 2, comment: "deploy" })],
        keyFiles: [makeKeyFile(`deploy ${host}`)],
        certificateFiles: [{ path, certificates: [makeCertificate(`cert of ${host}`)] }],
        disk: { addresses: [], map: "{}", bindings: [serving] },
      },
    });
  }
}

async function open() {
  const folder = await makeTemporaryFolder();
  const databasePath = join(folder.path, "latchkey.db");
  const store = openStore({ path: databasePath, access: "write" });
  fill(store);
  store.close();
  const workstation = { user: "jo", home: folder.path, agentSocket: null };
  const app = createApp({ databasePath, workstation, now: () => new Date(START) });
  const close = () => app[Symbol.asyncDispose]();
  return {
    client: app.client,
    databasePath,
    close,
    async [Symbol.asyncDispose]() {
      await close();
      await folder.remove();
    },
  };
}

test("every list finds what is of a host by what the host calls itself, and nothing of another host", async () => {
  await using world = await open();
  const { access, certificates, served, graph, changes, scans, hostKeys, hosts, findings } = world.client;
  const lists = {
    access: (search: string) => access.list({ search }),
    certificates: (search: string) => certificates.list({ search }),
    served: (search: string) => served.list({ search }),
    graph: (search: string) => graph.links({ search }),
    changes: (search: string) => changes.list({ search, from: 0, to: 2 }),
    probes: (search: string) => scans.probes({ scanId: 1, search }),
    hostKeys: (search: string) => hostKeys.list({ search }),
    hosts: (search: string) => hosts.list({ search }),
    findings: (search: string) => findings.list({ search }),
  };
  for (const [name, list] of Object.entries(lists)) {
    const { rows, total } = await list("db-prod");
    expect(rows.length, name).toBeGreaterThan(0);
    expect(total, name).toBe(rows.length);
    const text = JSON.stringify(rows);
    expect(text, name).toContain("10.0.0.5");
    expect(text, name).not.toContain("10.0.0.55");
    expect((await list("nothing-is-called-so")).rows, name).toEqual([]);
  }
});

test("several words are found together, whichever of them the host calls itself by", async () => {
  await using world = await open();
  const { access, certificates, graph } = world.client;
  expect((await access.list({ search: "deploy db-prod" })).rows).toMatchObject([
    { host: "10.0.0.5", comment: "deploy" },
  ]);
  expect((await access.list({ search: "prod" })).total).toBe(4);
  expect((await access.list({ search: "deploy 10.0.0.5 prod d" })).total).toBe(2);
  expect((await certificates.list({ search: "cert db-prod-1" })).total).toBe(1);
  expect((await certificates.list({ search: "cert mail db-prod-1" })).total).toBe(0);
  const steps = (await graph.links({ search: "ann db-prod" })).rows;
  expect(steps.length).toBeGreaterThan(0);
});

test("what hosts call themselves is listed for the screens, and a terminal shows it behind the user's name", async () => {
  await using world = await open();
  expect(await world.client.hosts.ownNames()).toEqual([
    { host: "10.0.0.5", port: 22, hostname: "db-prod-1" },
    { host: "10.0.0.55", port: 22, hostname: "web-prod-1" },
  ]);
  await world.close();
  const type = openTerminal(world.databasePath, {});
  for (const words of [["access"], ["findings"], ["hosts"], ["host-keys"], ["served"], ["certificates"]]) {
    const { out } = await type(...words, "db-prod");
    expect(out, words.join(" ")).toContain("10.0.0.5");
    expect(out, words.join(" ")).toContain("(db-prod-1)");
    expect(out, words.join(" ")).not.toContain("web-prod-1");
  }
});
