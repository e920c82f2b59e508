import type { Verdict } from "#shared/model/access/verdict.ts";
import type { FindingDraft, Violation } from "#shared/model/finding.ts";
import type { HostPrograms } from "#shared/model/hosts/host-programs.ts";
import type { HostReach } from "#shared/model/hosts/host-reach.ts";
import type { HostLogins } from "#shared/model/hosts/host-use.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  beginScan,
  makeAccount,
  makeCertificate,
  makeGrant,
  makeLogins,
  makeServing,
  makeVerdict,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { fillRenewal, fillRunbook } from "./fill-runbooks.ts";
import { PAYLOADS } from "./payloads.ts";

/** So many probes make one scan. */
const PER_SCAN = 50;

/** Makes a database in which each payload is in every field that a stranger can write, a row each. */
export function makeHostileDatabase(path: string): { payloadCount: number } {
  const store = openStore({ path, access: "write" });
  try {
    // One transaction, so that the disk is waited for once.
    store.atomically(() => fillWithPayloads(store));
  } finally {
    store.close();
  }
  return { payloadCount: PAYLOADS.length };
}

export function fillWithPayloads(store: Store): void {
  const first = beginScan(store);
  let scanId = first;
  for (const [index, payload] of PAYLOADS.entries()) {
    if (index % PER_SCAN === 0 && index > 0) {
      store.scans.finish(scanId, "finished", START);
      scanId = beginScan(store);
    }
    probeHostileEndpoint(store, { scanId, payload, index });
    probeHostileHost(store, { scanId, payload, index });
    fillRunbook(store, payload, index);
    store.atomically(() => {
      const target = {
        kind: "ssh",
        host: nameOf(payload, index),
        port: 22,
        user: payload.slice(0, 256),
      } as const;
      store.targets.remember({ target, useSudo: index % 2 === 0, at: START });
      store.events.append({ at: START, kind: "targets-added", detail: { first: [payload] } });
      if (index % 2 === 0) store.pins.put({ ...makePin(payload), host: nameOf(payload, index), port: 22 });
    });
  }
  store.scans.finish(scanId, "finished", START);
  for (const [index, payload] of PAYLOADS.entries()) fillRenewal(store, payload, index);
  fillPeopleSources(store);
  store.changes.setBaseline(first, START);
}

/** Each payload is a person in one people source; every fourth has the key of a person in another one. */
function fillPeopleSources(store: Store): void {
  for (const [source, every] of [["hostile", 1] as const, ["hostile too", 4] as const]) {
    const people = PAYLOADS.map((payload, index) => ({
      handle: `${payload}${index}`,
      name: payload,
      email: payload,
      logins: [`${source} ${payload}`],
      said: index % 3 === 0 ? ("gone" as const) : ("nothing" as const),
      leftOn: null,
      // The page's address contains it while its row is open.
      keys: [{ fingerprint: nameOf(payload, index), keyType: payload }],
    }));
    const some = people.filter((_, index) => index % every === 0);
    store.people.replaceSource({ name: source, kind: "csv", isWhole: false, people: some, at: START });
  }
}

type Wanted = { scanId: ReturnType<typeof beginScan>; payload: string; index: number };

/** A host must have a unique name that is not too long. */
const nameOf = (payload: string, index: number): string => `${payload.slice(0, 200)}${index}`;

function probeHostileEndpoint(store: Store, { scanId, payload, index }: Wanted): void {
  const chain = [
    makeCertificate(`${payload}${index}`, {
      subject: payload,
      issuer: payload,
      commonName: payload,
      serial: payload,
      names: [payload, `DNS:${payload}`, `URI:${payload}`],
      keyType: payload,
      curve: payload,
      signature: payload,
      spkiSha256: payload,
      malformed: [payload],
      extensions: [
        { oid: payload, name: payload, isCritical: true, value: payload, malformed: null },
        { oid: `2.${payload}`, name: payload, isCritical: false, value: null, malformed: payload },
      ],
      warnFrom: "2026-05-01T00:00:00Z",
    }),
  ];
  const about = { kind: "certificate", sha256: chain[0]?.certificate.sha256 ?? "" } as const;
  const findings = [makeFinding(payload, about, "certificate-weak-key")];
  visitEndpoint(store, nameOf(payload, index), {
    scanId,
    message: payload,
    state: "partial",
    presented: { chain, facts: { protocol: payload, [payload]: payload }, findings },
  });
  const known = store.violations.find(about.sha256);
  if (known) store.violations.note(known, makeViolation(index), { evaluatedBy: payload, at: START });
}

/** What clients accept is listed under the name of the issuer. */
const makeViolation = (index: number): Violation => ({
  profile: "rfc5280",
  severity: index % 2 === 0 ? "low" : "high",
  rules: [
    {
      code: "extension-missing",
      rule: { profile: "rfc5280", section: "RFC 5280, 4.2.1.1" },
      acceptedBy: index % 2 === 0 ? ["openssl", "go"] : [],
    },
  ],
});

function probeHostileHost(store: Store, { scanId, payload, index }: Wanted): void {
  const host = nameOf(payload, index);
  const isRead = index % 3 !== 2;
  const hostKey = { keyType: payload, fingerprint: payload, blob: new Uint8Array([index % 256]) };
  const about = { kind: "grant", account: payload, file: payload, line: 1 } as const;
  const collected = {
    hostname: payload,
    os: payload,
    kernel: payload,
    arch: payload,
    sshdVersion: payload,
    readAs: payload,
    accounts: [
      makeAccount(payload, {
        shell: payload,
        home: payload,
        groups: [payload],
        reasons: [
          { what: "shell", shell: payload, isLogin: true },
          { what: "runs", kind: "unit", name: payload, count: 1 },
        ],
        workloads: [
          {
            kind: "unit",
            name: payload,
            path: payload,
            program: payload,
            isEnabled: true,
            startedBy: [payload],
          },
          { kind: "cron", path: payload, line: 1, schedule: payload, program: payload },
          { kind: "process", name: payload, count: 1, isContained: false },
        ],
        workloadCount: 3,
      }),
    ],
    grants: [makeHostileGrant(payload)],
    keyFiles: [{ ...makeKeyFile(payload), path: payload }],
    reach: makeReach(payload),
    programs: makePrograms(payload),
    use: makeUse(payload),
    logins: makeLogins([payload], { from: payload, by: payload, subject: payload, lines: [payload] }),
    authorities: { trusted: [makeAuthority(payload)], isComplete: false },
    disk: { addresses: [payload], map: null, bindings: [makeHostileServing(payload)] },
    hostKeys: [{ keyType: payload, keyBits: null, fingerprint: payload }],
    certificateFiles: [{ path: payload, certificates: [makeCertificate(`${payload}${index}`)] }],
    coverage: { read: [payload], notRead: [{ what: payload, why: payload }] },
  };
  visitHost(store, host, {
    scanId,
    message: payload,
    hostKey,
    isKeyRefused: !isRead,
    state: isRead ? "partial" : "failed",
    outcome: isRead ? "truncated" : index % 2 === 0 ? "host-key-changed" : "host-key-unknown",
    collected: isRead ? collected : null,
    findings: isRead
      ? [
          makeFinding(payload, about, "key-weak"),
          makeFinding(payload, { kind: "key-file", path: payload }, "key-file-without-passphrase"),
        ]
      : [makeFinding(payload, { kind: "host" }, "host-key-changed")],
  });
}

const makePrograms = (payload: string): HostPrograms => ({
  uidRange: { min: 1_000, max: 60_000, systemMax: null },
  setuidPrograms: [
    {
      path: payload,
      owner: payload,
      group: payload,
      isSetuid: true,
      isSetgid: true,
      startableBy: "group",
      writableBy: "group",
      hasAcl: true,
    },
  ],
  isSetuidWhole: false,
  keytabs: [{ path: payload, principals: [payload] }],
  unassigned: [
    {
      user: payload,
      why: "no-account",
      count: 1,
      workloads: [{ kind: "process", name: payload, count: 1, isContained: false }],
    },
  ],
});

const makePin = (payload: string) => ({
  keyType: payload,
  fingerprint: `pinned ${payload}`,
  blob: new Uint8Array([1]),
  source: "accepted" as const,
  pinnedAt: START,
});

const makeReach = (payload: string): HostReach => ({
  escalations: [
    {
      account: payload,
      target: payload,
      by: "sudo",
      commands: "some",
      password: "none",
      isCertain: true,
      what: [payload],
      shell: payload,
      rule: payload,
    },
  ],
  areRulesRead: true,
  agents: [{ account: payload, kind: "forwarded", path: payload }],
  outbound: [],
  unreadablePaths: [],
});

function makeUse(payload: string): HostLogins {
  const times = {
    account: payload,
    firstAt: START,
    lastAt: START,
    lastInJournalAt: null,
    lastFrom: payload,
    origins: [{ from: payload, lastAt: START, lastInJournalAt: null }],
    days: [[20_000, 1] as [number, number]],
  };
  return {
    logins: [{ ...times, fingerprint: payload, isAuthority: false }],
    others: [{ ...times, method: "su", by: payload }],
    windows: [{ source: payload, from: "2026-05-01T00:00:00Z", to: START }],
  };
}

const makeAuthority = (payload: string) => ({
  account: payload,
  fingerprint: payload,
  keyType: payload,
  comment: payload,
  file: payload,
  line: 1,
  principals: [payload],
  effective: makeHostileVerdict(payload).effective,
});

const makeKeyFile = (payload: string) => ({
  owner: payload,
  mode: payload,
  format: payload,
  keyType: payload,
  keyBits: null,
  fingerprint: payload,
  isEncrypted: false,
  lock: payload,
  likelyFingerprint: payload,
  possession: { kind: "verified" as const },
  spkiSha256: payload,
});

const makeHostileServing = (payload: string) =>
  makeServing(payload, {
    server: payload,
    root: payload,
    address: payload,
    protocol: payload,
    unsure: payload,
    realPath: payload,
    at: { file: payload, line: 1 },
    certificate: { path: payload, directive: payload, at: { file: payload, line: 2 } },
    key: { path: payload },
  });

function makeHostileGrant(payload: string) {
  return makeGrant(payload, {
    account: payload,
    file: payload,
    keyType: payload,
    comment: payload,
    options: payload,
    text: payload,
    verdict: makeHostileVerdict(payload),
  });
}

function makeHostileVerdict(payload: string): Verdict {
  const coverage = { read: [payload], notRead: [payload] };
  const verdict = makeVerdict("unknown");
  return {
    effective: { ...verdict.effective, reasons: [payload], coverage, onlyFrom: [payload] },
    owner: { ...verdict.owner, state: "gone", reasons: [payload], coverage },
    use: { ...verdict.use, reasons: [payload], coverage },
  };
}

function makeFinding(
  payload: string,
  about: FindingDraft["about"],
  rule: FindingDraft["rule"],
): FindingDraft {
  return {
    rule,
    severity: "high",
    sentence: payload,
    evidence: [payload, `more: ${payload}`],
    remedy: payload,
    label: payload,
    about,
  };
}
