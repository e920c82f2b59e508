import { hash } from "node:crypto";
import { AccessPlan, NEW_KEY_PLACEHOLDER, type PlanHash } from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  beginScan,
  fingerprintOf,
  makeAccount,
  makeGrant,
  makeKeyFile,
  START,
  visitHost,
} from "./make-visit.ts";

const PLAN_HASH = "ab".repeat(32) as PlanHash;
const READ = "2026-06-01T01:00:00Z";
const KEY_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICMSwu0quwdyYK/Bht1UG58PZJInaOyuyxTF4N/aWeSg";
const KEY = { line: KEY_LINE, fingerprint: "SHA256:XKrGfRHFf4oXSPdhHdEzNq9SbXQFsVx8rsZ0sd8w3bY" };
const HOST_KEY = { keyType: "ssh-ed25519", fingerprint: "SHA256:host", blob: new Uint8Array([1]) };
const HALF = "/home/ops/.ssh/id_ed25519";
const FILE = "/home/ops/.ssh/authorized_keys";
const BEFORE = "ssh-ed25519 OLD ops\n";

const EVE = makeAccount("eve", { uid: 1_001, passwordState: "locked" });

const sha256 = (text: string): string => hash("sha256", text, "hex");

const place = (host: string) => ({
  host,
  port: 22,
  user: "root",
  useSudo: false,
  batch: 0,
  hostKey: HOST_KEY.fingerprint,
  rollbackTimer: "sleep",
  files: [],
  privateKeyLocations: [],
  verifications: [],
});

/** A key that is made on vault, and replaces another one on web1 and web2. */
const PLAN = AccessPlan.parse({
  format: "latchkey-plan-1",
  kind: "rotate-key",
  title: "Rotate",
  madeAt: START,
  oldKey: "SHA256:old",
  newKey: { kind: "made-on-host", keyType: "ed25519", comment: "", host: "vault", port: 22, path: HALF },
  options: {},
  here: [],
  checks: [],
  leftOut: [],
  remaining: [],
  asOf: null,
  confirm: null,
  hosts: [
    {
      ...place("vault"),
      privateKeyLocations: [
        {
          host: { host: "vault", port: 22 },
          kind: "file",
          path: HALF,
          uid: 1,
          gid: 1,
          owner: "ops",
          mode: "0600",
          isEncrypted: false,
          before: sha256("key"),
          hasPublicFile: true,
        },
      ],
    },
    ...["web1", "web2"].map((host) => ({
      ...place(host),
      files: [
        {
          account: "ops",
          path: FILE,
          uid: 1,
          gid: 1,
          owner: "ops",
          mode: "0600",
          sizeBytes: 20,
          before: sha256(BEFORE),
          added: [{ at: BEFORE.length, removed: "", inserted: `${NEW_KEY_PLACEHOLDER} ops\n` }],
          removed: [{ at: 0, removed: BEFORE, inserted: `${NEW_KEY_PLACEHOLDER} ops\n` }],
          hunks: [],
          adds: 1,
          changes: 0,
          removes: 1,
        },
      ],
    })),
  ],
});

/** A result as a script writes it, without a signature. */
function writeResult(host: string, phase: Phase, left: string | null): Uint8Array {
  const told = [
    `latchkey-result-2\nplan ${PLAN_HASH}\nhost ${host} 22`,
    `token ${sha256(`${PLAN_HASH} ${host} 22`).slice(0, 24)}\nnonce ${host}\nbegan 1780272000\nended 1780272060`,
    `outcome done\nphases ${phase}\nat ${phase}\nwhy %\nkept %`,
    ...(left === null ? [`key ${KEY_LINE}`] : [`file f0 ${sha256(left)}`]),
    "",
  ].join("\n");
  return Buffer.from(`${told}end ${sha256(told)}\n`);
}

/** A removal on a host that is known only by a bundle which no host key has signed. */
const UNSIGNED_PLAN = AccessPlan.parse({
  format: "latchkey-plan-1",
  kind: "remove-grants",
  title: "Remove",
  madeAt: START,
  oldKey: null,
  options: {},
  checks: [],
  leftOut: [],
  remaining: [],
  confirm: null,
  asOf: START,
  hosts: [
    {
      ...place("far"),
      hostKey: "",
      user: null,
      rollbackTimer: null,
      files: PLAN.hosts[1]?.files.map((file) => ({
        ...file,
        added: null,
        removed: [{ at: 0, removed: BEFORE, inserted: "" }],
        adds: 0,
      })),
    },
  ],
});

/**
 * Private key files that show the key of a grant and have not signed: a locked one, and one that anybody could have
 * written.
 */
const CLAIMING = [
  { path: "/home/eve/.ssh/locked", owner: "eve", why: "locked", isEncrypted: true },
  { path: "/home/eve/.ssh/planted", owner: "eve", why: "not-signed", isEncrypted: false },
].map(({ why, ...file }) => ({
  ...makeKeyFile("ops@laptop"),
  ...file,
  possession: { kind: "claimed" as const, why: why as "locked" | "not-signed" },
}));

/**
 * Makes a run of offline scripts with results that nobody has signed. They claim that a key was made on vault, which
 * nothing shows so far; that its line was added on web1, which a scan shows; and on web2, which a scan contradicts.
 */
export function makeClaimDatabase(path: string): void {
  const store = openStore({ path, access: "write" });
  const added = `${BEFORE}${KEY_LINE} ops\n`;
  const { plans, runs, journal } = store.runbooks;
  store.atomically(() => {
    const planId = plans.take({ plan: PLAN, hash: PLAN_HASH, at: START });
    const { kind, title } = PLAN;
    const counts = { hosts: 3, adds: 2, changes: 0, removes: 2 };
    const run = runs.begin({
      planId,
      token: "offline",
      origin: "offline",
      kind,
      title,
      at: START,
      acknowledgements: [],
      counts,
    });
    const claimed = [
      { host: "vault", phase: "create-key", body: writeResult("vault", "create-key", null) },
      { host: "web1", phase: "grant", body: writeResult("web1", "grant", added) },
      { host: "web2", phase: "grant", body: writeResult("web2", "grant", added) },
    ] as const;
    const step = {
      port: 22,
      batch: 0,
      state: "planned" as const,
      verification: null,
      result: null,
      message: "",
      at: null,
    };
    const steps = claimed.map(({ host, phase }, index) => ({ ...step, ordinal: index + 1, host, phase }));
    journal.addSteps(run, steps);
    runs.setKey(run, KEY);
    const reasons = [
      { kind: "results-awaited", hosts: 3, phase: "create-key", planKind: "rotate-key" } as const,
    ];
    runs.setState({ id: run, state: "waiting", reasons, byHand: [], endedAt: null });
    for (const one of claimed) putClaim(store, { ...one, planId, run });
  });
  store.atomically(() => plans.take({ plan: UNSIGNED_PLAN, hash: "cd".repeat(32), at: START }));
  visitHost(store, "shared", {
    scanId: beginScan(store, READ),
    at: READ,
    collected: { keyFiles: CLAIMING, accounts: [EVE] },
  });
  const grants = [
    makeGrant("ops@laptop", { account: "ops", file: FILE, fingerprint: fingerprintOf("ops@laptop") }),
  ];
  visitHost(store, "db1", { scanId: beginScan(store, READ), at: READ, collected: { grants } });
  for (const [host, text] of [
    ["web1", added],
    ["web2", BEFORE],
  ] as const)
    visitHost(store, host, {
      scanId: beginScan(store, READ),
      at: READ,
      hostKey: HOST_KEY,
      login: { user: "root", useSudo: false, begunAt: READ },
      collected: { keysFiles: [{ path: FILE, realPath: FILE, bytes: Buffer.from(text) }] },
    });
  store.close();
}

type Claimed = {
  host: string;
  phase: Phase;
  body: Uint8Array;
  planId: ReturnType<Store["runbooks"]["plans"]["take"]>;
  run: ReturnType<Store["runbooks"]["runs"]["begin"]>;
};

function putClaim({ runbooks: { offline } }: Store, { host, phase, body, planId, run }: Claimed): void {
  offline.addScript({ nonce: host, planId, host, port: 22, phases: [phase], at: START });
  offline.putResult({
    digest: host,
    script: offline.findScript(host)?.id ?? 0,
    run,
    verifiedBy: null,
    body,
    signature: { hostKey: null, person: { kind: "none" }, confirmed: null },
    outcome: "done",
    why: "",
    endedAt: START,
    importedAt: START,
    newKey: phase === "create-key" ? KEY : null,
  });
}
