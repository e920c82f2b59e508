import { expect, test } from "vitest";
import { chooseServing } from "#domain/server-configs/choose-serving.ts";
import type { Configuration, Listen, Serving } from "#domain/server-configs/configuration.ts";
import { chooseNarrowed, createNarrower } from "./narrow-choice.ts";

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
const ASKED = [
  "a.example",
  "b.example",
  "www.a.example",
  "x.www.a.example",
  "c.example.",
  "example",
  "*.example",
];
const ADDRESSES = [null, "0.0.0.0", "::", "127.0.0.1", "localhost", "192.0.2.1", "2001:db8::1"];

/** The same numbers each time: 0 to below `most`. */
function createDice(seed: number) {
  let state = seed;
  return <T>(things: readonly T[]): T => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return things[(state >>> 8) % things.length] as T;
  };
}

function makeConfiguration(pick: <T>(things: readonly T[]) => T): Configuration {
  const server = pick(["nginx", "apache", "haproxy", "dovecot", "postfix"] as const);
  const listen = (): Listen => ({
    address: pick(ADDRESSES.slice(0, pick([1, 2, ADDRESSES.length]))),
    port: pick([443, 443, 443, 8_443]),
    isDefault: pick([true, false, false]),
  });
  const several = <T>(make: () => T): T[] => Array.from({ length: pick([0, 1, 1, 2, 3]) }, make);
  const serving = (_: unknown, line: number): Serving => ({
    listens: several(listen),
    names: several(() => pick(pick([NAMES, NAMES, PATTERNS]))),
    namesFromCertificate: server === "haproxy" && pick([true, true, false]),
    ...{ protocol: "tls", chain: null, unsure: pick([null, null, null, "a variable"]) },
    pairs: several(() => ({
      certificate: { path: pick(["/a", "/b", "/c"]), directive: "", at: { file: "f", line } },
      key: null,
    })),
    at: { file: "f", line },
  });
  return {
    ...{ server, root: "f", alsoNamed: [], unknown: [] },
    servings: Array.from({ length: pick([1, 3, 6]) }, serving),
    mayLack: pick([
      null,
      null,
      { why: "an include", onlyForNames: true },
      { why: "all", onlyForNames: false },
    ]),
  };
}

test("what is left of a configuration gives the same serving as all of it, whatever is asked for", () => {
  const namesIn = (path: string) =>
    ({ "/a": ["a.example", "*.a.example"], "/b": [] as string[] })[path] ?? null;
  for (let seed = 1; seed <= 600; seed++) {
    const configuration = makeConfiguration(createDice(seed));
    const narrow = createNarrower(configuration, 443, namesIn);
    for (const address of ADDRESSES) {
      for (const name of [null, ...ASKED]) {
        const asked = { address, name, port: 443 };
        expect(
          chooseNarrowed(narrow(asked), asked, namesIn),
          JSON.stringify([seed, asked, configuration]),
        ).toEqual(chooseServing(configuration, asked, namesIn));
      }
    }
  }
});

test("of thousands of names those that may fit are left", () => {
  const serving = (name: string, line: number): Serving => ({
    listens: [{ address: null, port: 443, isDefault: line === 0 }],
    ...{ names: [name, `www.${name}`], namesFromCertificate: false, protocol: "tls", pairs: [], chain: null },
    ...{ unsure: null, at: { file: "f", line } },
  });
  const names = Array.from({ length: 2_000 }, (_, index) => `shop${index}.example`);
  const servings = names.map(serving);
  const narrow = createNarrower(
    { server: "nginx", root: "f", servings, mayLack: null, alsoNamed: [], unknown: [] },
    443,
    () => null,
  );
  const { configuration, whole } = narrow({ address: "192.0.2.1", name: "www.shop7.example" });
  expect(configuration.servings.map((one) => one.names)).toEqual([[], ["www.shop7.example"]]);
  expect(configuration.servings.map(whole)).toEqual([servings[0], servings[7]]);
});
