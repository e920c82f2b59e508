import { expect, test } from "vitest";
import {
  ADDRESSES,
  ASKED,
  createDice,
  makeRandomConfiguration,
} from "#domain/deployment-status/testing/random-configuration.ts";
import { chooseBinding } from "#domain/server-configs/choose-binding.ts";
import type { TlsBinding } from "#domain/server-configs/configuration.ts";
import { chooseNarrowed, createNarrower } from "./narrow-choice.ts";

/** The host's own addresses: not known, all that a probe reaches, some of these, or others. */
const OWN = [null, ["192.0.2.1", "2001:db8::1"], ["192.0.2.1"], ["192.0.2.2"]];

test("what is left of a configuration gives the same serving as all of it, whatever is asked for", () => {
  const namesIn = (path: string) =>
    ({ "/a": ["a.example", "*.a.example"], "/b": [] as string[] })[path] ?? null;
  for (let seed = 1; seed <= 600; seed++) {
    const pick = createDice(seed);
    const configuration = { ...makeRandomConfiguration(pick), addresses: pick(OWN) };
    const narrow = createNarrower(configuration, 443, namesIn);
    for (const address of ADDRESSES) {
      for (const name of [null, ...ASKED]) {
        const asked = { address, name, port: 443 };
        expect(
          chooseNarrowed(narrow(asked), asked, namesIn),
          JSON.stringify([seed, asked, configuration]),
        ).toEqual(chooseBinding(configuration, asked, namesIn));
      }
    }
  }
});

test("of thousands of names those that may fit are left", () => {
  const serving = (name: string, line: number): TlsBinding => ({
    listens: [{ address: null, port: 443, isDefault: line === 0 }],
    names: [name, `www.${name}`],
    namesFromCertificate: false,
    protocol: "tls",
    deployments: [],
    chain: null,
    unsure: null,
    at: { file: "f", line },
  });
  const names = Array.from({ length: 2_000 }, (_, index) => `shop${index}.example`);
  const bindings = names.map(serving);
  const narrow = createNarrower(
    { server: "nginx", root: "f", bindings, incomplete: null, alsoNamed: [], unknown: [] },
    443,
    () => null,
  );
  const { configuration, whole } = narrow({ address: "192.0.2.1", name: "www.shop7.example" });
  expect(configuration.bindings.map((one) => one.names)).toEqual([[], ["www.shop7.example"]]);
  expect(configuration.bindings.map(whole)).toEqual([bindings[0], bindings[7]]);
});
