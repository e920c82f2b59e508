import { expect, test } from "vitest";
import { createSharedWork } from "#domain/x509/path/build-paths.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { EndpointProbe, HostProbe } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import { beginScan, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { identifiesKey, makeChain, makeEcKeys } from "#testing/tls/conforming-chain.ts";
import { isAuthority, isMeantFor, type Signed, signCertificate } from "#testing/tls/sign-certificate.ts";
import { toSeen } from "../describe-parts.ts";
import { createPublicNoter } from "./note-certificates.ts";
import { createViolationRecorder } from "./record-violations.ts";

const NOW = new Date(START);
const violationsIn = (store: Store) =>
  listFindings(store, { now: NOW }).rows.filter(({ brokenRules }) => brokenRules.length > 0);

const seen = ({ der }: Signed) => {
  const certificate = readCertificate(der);
  if (!certificate) throw new Error("it cannot be read");
  return toSeen(certificate, der);
};

/**
 * Records with a test's root that counts as public, and counts evaluations. By default each probe runs in a new
 * process.
 */
function openPublic(root: Signed, { isOneProcess = false } = {}) {
  const store = openStore({ path: ":memory:", access: "write", now: () => NOW });
  const work = createSharedWork();
  const options = { readRoots: () => indexCertificates([root.der]), work };
  const count = { evaluated: 0 };
  const note: Store["violations"]["note"] = (...noted) => {
    count.evaluated++;
    store.violations.note(...noted);
  };
  const violations = { ...store.violations, note };
  const recorder = () => ({
    note: createPublicNoter(store.chains, options),
    record: createViolationRecorder({ chains: store.chains, trust: store.trust, violations }, options),
  });
  const first = recorder();
  const record = (
    visit: unknown,
    { note: notePublic, record: recordViolations } = isOneProcess ? first : recorder(),
  ) =>
    store.atomically(() => {
      notePublic(visit as HostProbe | EndpointProbe);
      recordViolations(visit as HostProbe | EndpointProbe);
    });
  return {
    store,
    count,
    work,
    violations: () => violationsIn(store),
    send(host: string, ...sent: Signed[]) {
      const presented = { chain: sent.map(seen), others: [], addresses: null };
      visitEndpoint(store, host, {
        at: START,
        scanId: beginScan(store),
        presented: { chain: presented.chain },
      });
      record({ at: START, target: { kind: "tls", host }, presented });
    },
    read(host: string, ...held: Signed[]) {
      const certificateFiles = held.map((one) => ({ path: `/etc/${one.sha256}`, certificates: [seen(one)] }));
      visitHost(store, host, { collected: { certificateFiles } });
      record({ at: START, target: { kind: "ssh", host }, collected: { certificateFiles } });
    },
  };
}

/** An intermediate that is no authority by its own extensions: clients do not accept what it has signed. */
const NO_AUTHORITY = { middle: { extensions: { "2.5.29.19": null } } };

test.each([[["send", "read"]], [["read", "send"]], [["send", "read", "send", "read"]]])(
  "what an endpoint shows to be refused stays found when a file holds the certificate alone: %s",
  (order) => {
    const { leaf, middle, root } = makeChain(NO_AUTHORITY);
    for (const isOneProcess of [true, false]) {
      const { send, read, violations } = openPublic(root, { isOneProcess });
      for (const how of order) {
        if (how === "send") send("www", leaf, middle);
        else read("files", leaf);
      }
      expect(violations().map(({ severity }) => severity)).toContain("high");
    }
  },
);

test("what is refused at an endpoint goes when that sends what clients take, and comes back", () => {
  const { leaf, middle, root } = makeChain(NO_AUTHORITY);
  for (const isOneProcess of [true, false]) {
    const { send, violations } = openPublic(root, { isOneProcess });
    const isRefused = () => violations().some(({ severity }) => severity === "high");
    for (const above of [middle, makeChain().middle, middle]) {
      send("www", leaf, above);
      expect(isRefused()).toBe(above === middle);
    }
  }
});

test("the same data are evaluated once, in whichever order they come and by whichever process", () => {
  const { leaf, middle, root } = makeChain();
  const { send, read, count } = openPublic(makeChain({ root: { keys: makeEcKeys() } }).root);
  const first = () => send("one", leaf, middle);
  const visits = [first, () => send("two", leaf, middle, root), () => read("files", leaf)];
  for (const visit of [...visits, ...visits]) visit();
  const { evaluated } = count;
  for (const visit of [...visits.toReversed(), ...visits]) visit();
  expect(count.evaluated).toBe(evaluated);
});

test("what one host sends takes nothing away from what is found at another", () => {
  const { leaf, middle, root } = makeChain({
    middle: { extensions: { "2.5.29.37": isMeantFor("1.3.6.1.5.5.7.3.4") } },
  });
  const own = signCertificate({ subject: "anybody", extensions: [isAuthority()] });
  const extensions = [isAuthority(), identifiesKey(middle.spki)];
  const forged = signCertificate({ subject: middle.subject, keyOf: middle, issuer: own, extensions });
  const { send, read, violations } = openPublic(makeChain({ root: { keys: makeEcKeys() } }).root);
  send("evil", own, forged);
  send("www", leaf, middle, root);
  read("evil", leaf, forged, own);
  send("www", leaf, middle, root);
  const object = { kind: "certificate", sha256: leaf.sha256 };
  expect(violations()).toContainEqual(expect.objectContaining({ severity: "high", object }));
});
