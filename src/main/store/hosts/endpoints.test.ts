import { expect, test } from "vitest";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { SeenAddress, SeenCertificate } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { beginScan, makeCertificate, START, visitEndpoint } from "#store/testing/make-visit.ts";

const open = () => openStore({ path: ":memory:", access: "write" });

const target: Omit<TlsTarget, "kind"> = { host: "shop", port: 443, serverName: null, protocol: "tls" };
const NOTHING = { staple: null, timestamps: null, authorities: null, capabilities: null };

const [old, fresh] = [makeCertificate("old"), makeCertificate("fresh")];

const showed = (address: string, leaf: SeenCertificate): SeenAddress => ({
  address,
  outcome: "presented",
  message: "",
  chain: [leaf],
});
const silent = (address: string): SeenAddress => ({
  address,
  outcome: "timed-out",
  message: "nothing answered",
  chain: [],
});

/** The certificates that are seen somewhere now. */
function seenNow(store: Store): string[] {
  const { rows } = store.certificates.list({
    search: "",
    expiringWithinDays: null,
    role: null,
    location: null,
    host: null,
    spki: null,
    violation: null,
    owner: null,
    owned: false,
    tag: null,
    keyType: null,
    issuer: null,
    sort: { by: "subject", descending: false },
    locationLimit: 1,
    after: null,
    limit: 10,
    now: new Date(START),
  });
  return rows.map(({ subject }) => subject);
}

const visit = (
  store: Store,
  chain: SeenCertificate[],
  addresses: SeenAddress[] | null,
  address = "192.0.2.1",
) => visitEndpoint(store, "shop", { presented: { chain, addresses, facts: { address } } });

test("what every address of a name shows is seen, each at its own", () => {
  const store = open();
  visit(store, [fresh], [showed("192.0.2.1", fresh), showed("192.0.2.2", old), silent("192.0.2.3")]);
  expect(seenNow(store)).toEqual([fresh, old].map(({ certificate }) => certificate.subject).toSorted());
  expect(store.endpoints.find(target)?.addresses).toEqual([
    { address: "192.0.2.1", outcome: "presented", message: "", at: START, leaf: fresh.certificate.sha256 },
    { address: "192.0.2.2", outcome: "presented", message: "", at: START, leaf: old.certificate.sha256 },
    { address: "192.0.2.3", outcome: "timed-out", message: "nothing answered", at: START, leaf: null },
  ]);
});

test("what an address showed that could not be seen again has not gone; once it shows something else, it has", () => {
  const store = open();
  const both = [fresh, old].map(({ certificate }) => certificate.subject).toSorted();
  visit(store, [fresh], [showed("192.0.2.1", fresh), showed("192.0.2.2", old)]);
  visit(store, [fresh], [showed("192.0.2.1", fresh), silent("192.0.2.2")]);
  expect(seenNow(store)).toEqual(both);
  // This probe did not try the other addresses, so nothing is known of them.
  visit(store, [fresh], null);
  expect(seenNow(store)).toEqual(both);
  visit(store, [fresh], [showed("192.0.2.1", fresh), showed("192.0.2.2", fresh)]);
  expect(seenNow(store)).toEqual([fresh.certificate.subject]);
});

test("an address that the name has no more takes what it showed with it", () => {
  const store = open();
  visit(store, [fresh], [showed("192.0.2.1", fresh), showed("192.0.2.2", old)]);
  visit(store, [fresh], []);
  expect(seenNow(store)).toEqual([fresh.certificate.subject]);
  expect(store.endpoints.find(target)?.addresses).toMatchObject([{ address: "192.0.2.1" }]);
});

test("what is sent beside a chain is of the last visit that showed one, and what it takes stays until it is asked again", () => {
  const store = open();
  const staple = new Uint8Array([0x30, 0x00]);
  const authorities = { names: ["CN=clients"], total: 1 };
  const capabilities = { versions: [{ name: "TLS 1.3", state: "accepted" as const }], groups: [] };
  visitEndpoint(store, "shop", {
    presented: { chain: [fresh], beside: { ...NOTHING, staple, authorities, capabilities } },
  });
  visitEndpoint(store, "shop");
  expect(store.endpoints.find(target)).toMatchObject({
    state: "failed",
    stapleBytes: 2,
    authorities,
    capabilities: { at: START, ...capabilities },
    leaf: Buffer.from(fresh.der),
  });
  visitEndpoint(store, "shop", { presented: { chain: [fresh] } });
  expect(store.endpoints.find(target)).toMatchObject({
    state: "ok",
    stapleBytes: null,
    authorities: null,
    capabilities: { at: START, ...capabilities },
  });
  expect(store.endpoints.find({ ...target, host: "elsewhere" })).toBeNull();
});

test("the endpoints of a scan are those that showed a chain in it, in the order of their visits", () => {
  const store = open();
  const scanId = beginScan(store);
  for (const name of ["b", "a", "c"]) visitEndpoint(store, name, { scanId, presented: { chain: [fresh] } });
  visitEndpoint(store, "dead", { scanId });
  visitEndpoint(store, "later", { presented: { chain: [fresh] } });
  const first = store.endpoints.ofScan({ scanId, after: null, limit: 2 });
  const rest = store.endpoints.ofScan({ scanId, after: first.next, limit: 2 });
  expect([...first.rows, ...rest.rows].map((one) => one.target.host)).toEqual(["b", "a", "c"]);
  expect([first.total, rest.next]).toEqual([3, null]);
});
