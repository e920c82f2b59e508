import type { Configuration, Listen, TlsBinding } from "#domain/server-configs/configuration.ts";

const NAMES = [
  "a.example",
  "b.example",
  "A.example",
  "www.a.example",
  "*.example",
  "*.a.example",
  ".a.example",
];
const PATTERNS = ["www.*", "~^x", "*", "?.example", "!b.example", "w*.example", "a.$domain", "*.*.example"];
/** Server names to request from them. */
export const ASKED = [
  "a.example",
  "b.example",
  "www.a.example",
  "x.www.a.example",
  "c.example.",
  "example",
  "*.example",
];
/** Addresses that they listen at: `null`, `0.0.0.0` and `::` as a listener has them. */
export const ADDRESSES = [null, "0.0.0.0", "::", "127.0.0.1", "localhost", "192.0.2.1", "2001:db8::1"];

/** The same numbers for the same seed, from 0 to below `most`. */
export function createDice(seed: number) {
  let state = seed;
  return <T>(things: readonly T[]): T => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return things[(state >>> 8) % things.length] as T;
  };
}

/**
 * A configuration that covers everything that decides which certificate is served, from files `/a`, `/b` and `/c` at
 * port 443.
 */
export function makeRandomConfiguration(pick: <T>(things: readonly T[]) => T): Configuration {
  const server = pick(["nginx", "apache", "haproxy", "dovecot", "postfix"] as const);
  const listen = (): Listen => ({
    address: pick(ADDRESSES.slice(0, pick([1, 2, ADDRESSES.length]))),
    port: pick([443, 443, 443, 8_443]),
    isDefault: pick([true, false, false]),
  });
  const several = <T>(make: () => T): T[] => Array.from({ length: pick([0, 1, 1, 2, 3]) }, make);
  const serving = (_: unknown, line: number): TlsBinding => ({
    listens: several(listen),
    names: several(() => pick(pick([NAMES, NAMES, PATTERNS]))),
    namesFromCertificate: server === "haproxy" && pick([true, true, false]),
    protocol: "tls",
    chain: null,
    unsure: pick([null, null, null, "a variable"]),
    deployments: several(() => ({
      certificate: { path: pick(["/a", "/b", "/c"]), directive: "", at: { file: "f", line } },
      key: null,
    })),
    at: { file: "f", line },
  });
  return {
    server,
    root: "f",
    alsoNamed: [],
    unknown: [],
    bindings: Array.from({ length: pick([1, 3, 6]) }, serving),
    incomplete: pick([
      null,
      null,
      { why: "an include", onlyForNames: true },
      { why: "all", onlyForNames: false },
    ]),
  };
}
