import { expect, test } from "vitest";
import type { Configuration, Listen, TlsBinding } from "#domain/server-configs/configuration.ts";
import { evaluateServed } from "./evaluate-served.ts";
import { chosenNames, type Files, type Held, indexMap } from "./host-map.ts";

const at = { file: "/etc/apache2/apache2.conf", line: 1 };

const serving = (file: string, ...addresses: (string | null)[]): TlsBinding => ({
  listens: addresses.map((address): Listen => ({ address, port: 443, isDefault: true })),
  names: ["shop.example"],
  namesFromCertificate: false,
  protocol: "tls",
  chain: null,
  unsure: null,
  at,
  deployments: [{ certificate: { path: `/srv/${file}`, directive: "SSLCertificateFile", at }, key: null }],
});

const held = (sha256: string): Held => ({
  sha256,
  notBefore: "2026-05-01T00:00:00Z",
  keyType: "EC",
  subject: sha256,
  names: [`DNS:${sha256}`],
});

const files: Files = {
  heldNow: (path) => held(path.slice(5)),
  holding: (sha256) => [`/srv/${sha256}`],
  heldUntil: () => new Map(),
  alsoIn: () => null,
};

const OWN = ["10.0.0.5", "2001:db8::5"];
/** The public address that the router in front of the host translates to it. */
const PUBLIC = "203.0.113.5";

/** `processes`: what listens at which address. */
function judge(
  bindings: TlsBinding[],
  address: string,
  leaf: string,
  processes: { [address: string]: string } = { "0.0.0.0": "apache2" },
) {
  const configuration: Configuration = {
    server: "apache",
    root: at.file,
    bindings,
    incomplete: null,
    alsoNamed: [],
    unknown: [],
    addresses: OWN,
  };
  const listeners = Object.entries(processes).map(([listened, name]) => ({
    address: listened,
    port: 443,
    processes: [{ name, startedAt: 2_000 }],
  }));
  const map = indexMap({ configurations: [configuration], files: [], listeners }, (path) =>
    chosenNames(files.heldNow(path)),
  );
  const sight = {
    address,
    port: 443,
    name: "shop.example",
    leaf: held(leaf),
    probedAt: 10_000,
    readAt: 9_000,
  };
  const judged = evaluateServed(map, files, sight);
  return judged && [judged.state, ...judged.evidence];
}

const UNKNOWN = [
  "unknown",
  "203.0.113.5 is none of the host's own addresses, and at which of these port 443 was reached is not known",
];

test("of an address that is translated to one of the host's nothing is claimed where its listeners serve different certificates", () => {
  const two = [serving("inner", "10.0.0.5"), serving("any", null)];
  expect(judge(two, PUBLIC, "inner")).toEqual(UNKNOWN);
  expect(judge(two, PUBLIC, "stranger")).toEqual(UNKNOWN);
  expect(judge(two, "10.0.0.5", "inner")?.[0]).toBe("agrees");
  expect(judge(two, "10.0.0.5", "any")?.[0]).toBe("other-listed");
  // Apache goes by the address that the connection came to, even if the configuration names the public one.
  expect(judge([serving("inner", PUBLIC), serving("any", null)], PUBLIC, "any")).toEqual(UNKNOWN);
});

test("of an address that is translated the certificate is judged where all listeners of its family serve the same", () => {
  expect(judge([serving("any", null)], PUBLIC, "any")?.[0]).toBe("agrees");
  expect(judge([serving("one", "10.0.0.5")], PUBLIC, "one")?.[0]).toBe("agrees");
  expect(judge([serving("one", "10.0.0.5", null)], PUBLIC, "stranger")?.[0]).toBe("differs");
  const families = [serving("four", "0.0.0.0"), serving("six", "::")];
  expect(judge(families, PUBLIC, "four")?.[0]).toBe("agrees");
  expect(judge(families, "2001:db8:1::1", "six")?.[0]).toBe("agrees");
});

test("of an address that is translated no program is said to listen in the place of another", () => {
  const processes = { "0.0.0.0": "stunnel4", "10.0.0.5": "apache2" };
  const inner = [serving("inner", "10.0.0.5")];
  expect(judge(inner, PUBLIC, "stranger", processes)?.[0]).not.toBe("other-process");
  expect(judge(inner, "10.0.0.5", "stranger", processes)?.[0]).toBe("differs");
  expect(judge(inner, PUBLIC, "stranger", { "10.0.0.5": "stunnel4" })?.[0]).toBe("other-process");
});
