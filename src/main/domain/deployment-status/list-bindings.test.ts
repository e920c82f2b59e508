import { expect, test } from "vitest";
import type { Configuration, TlsBinding } from "#domain/server-configs/configuration.ts";
import { evaluateServed } from "./evaluate-served.ts";
import { chosenNames, type Files, type Held, indexMap } from "./host-map.ts";
import { createRowFinder, listBindings } from "./list-bindings.ts";

const at = (line: number) => ({ file: "/etc/server.conf", line });

const pairOf = (name: string) => ({
  certificate: { path: `/srv/${name}.pem`, directive: "ssl_certificate", at: at(9) },
  key: null,
});

const serving = (line: number, more: Partial<TlsBinding> = {}): TlsBinding => ({
  listens: [{ address: null, port: 443, isDefault: true }],
  names: ["shop.example"],
  deployments: [pairOf("a")],
  namesFromCertificate: false,
  protocol: "tls",
  chain: null,
  unsure: null,
  at: at(line),
  ...more,
});

const held = (name: string, keyType: string, names: string[] = ["shop.example"]): Held => ({
  sha256: name,
  notBefore: null,
  keyType,
  names: names.map((one) => `DNS:${one}`),
});

type Question = { address: string | null; name?: string | null; leaf?: string };

/** The rows that a handshake is evidence of, as `address name file`, with the state that they get. */
function seenBy(
  server: Configuration["server"],
  bindings: TlsBinding[],
  certificates: Record<string, Held> = { a: held("a", "EC") },
) {
  const configuration = { server, root: "/etc/server.conf", bindings, ...NOTHING };
  const heldNow = (path: string) => certificates[/([^/]+)\.pem$/.exec(path)?.[1] ?? ""] ?? null;
  const files: Files = { heldNow, holding: () => [], heldUntil: () => new Map(), alsoIn: () => null };
  const map = indexMap({ configurations: [configuration], files: [], listeners: null }, (path) =>
    chosenNames(heldNow(path)),
  );
  const find = createRowFinder(
    listBindings([configuration], () => null).map((row) => ({
      ...row,
      certificatePath: row.certificate?.path ?? null,
    })),
  );
  return ({ address, name = "shop.example", leaf = "a" }: Question): string[] => {
    const sight = {
      address,
      port: 443,
      name,
      leaf: held(leaf, certificates[leaf]?.keyType ?? "EC"),
      probedAt: 0,
      readAt: 0,
    };
    const judged = evaluateServed(map, files, sight);
    return judged
      ? find(judged, sight).map((row) => `${row.address} ${row.name} ${row.certificatePath} ${judged.state}`)
      : [];
  };
}

const NOTHING = { incomplete: null, alsoNamed: [], unknown: [] };

const listen = (address: string | null, isDefault = true) => ({ address, port: 443, isDefault });

test("a handshake tells of the listener that takes its address alone: one of IPv6 for itself is not seen by IPv4", () => {
  const both = seenBy("nginx", [serving(1, { listens: [listen("0.0.0.0"), listen("::")] })]);
  expect(both({ address: "192.0.2.1" })).toEqual(["0.0.0.0 shop.example /srv/a.pem agrees"]);
  expect(both({ address: "2001:db8::1" })).toEqual([":: shop.example /srv/a.pem agrees"]);
  const open = seenBy("nginx", [serving(1, { listens: [listen("::"), listen(null)] })]);
  expect(open({ address: "192.0.2.1" })).toEqual(["null shop.example /srv/a.pem agrees"]);
  expect(open({ address: "2001:db8::1" })).toEqual([":: shop.example /srv/a.pem agrees"]);
  const exact = seenBy("nginx", [serving(1, { listens: [listen("0.0.0.0"), listen("192.0.2.9")] })]);
  expect(exact({ address: "192.0.2.9" })).toEqual(["192.0.2.9 shop.example /srv/a.pem agrees"]);
  expect(exact({ address: "192.0.2.1" })).toEqual(["0.0.0.0 shop.example /srv/a.pem agrees"]);
});

test("of servings of one line each is told of where it listens", () => {
  const split = seenBy("nginx", [
    serving(1, { listens: [listen("0.0.0.0")], names: ["shop.example", "b.example"] }),
    serving(1, { listens: [listen("192.0.2.9")], names: ["shop.example"] }),
  ]);
  expect(split({ address: "192.0.2.9" })).toEqual(["192.0.2.9 shop.example /srv/a.pem agrees"]);
  expect(split({ address: "192.0.2.1" })).toEqual(["0.0.0.0 shop.example /srv/a.pem agrees"]);
  expect(split({ address: "192.0.2.9", name: "b.example" })).toEqual([
    "192.0.2.9 shop.example /srv/a.pem agrees",
  ]);
});

test("the certificate of another kind that HAProxy takes from a pattern is seen under that pattern", () => {
  const ask = seenBy(
    "haproxy",
    [
      serving(1, { listens: [listen("0.0.0.0", false)], deployments: [pairOf("rsa")] }),
      serving(1, { listens: [listen("0.0.0.0", false)], names: ["*.example"], deployments: [pairOf("ec")] }),
    ],
    { rsa: held("rsa", "RSA"), ec: held("ec", "EC", ["*.example"]) },
  );
  expect(ask({ address: "192.0.2.1", leaf: "rsa" })).toEqual(["0.0.0.0 shop.example /srv/rsa.pem agrees"]);
  expect(ask({ address: "192.0.2.1", leaf: "ec" })).toEqual(["0.0.0.0 *.example /srv/ec.pem agrees"]);
});

test("the default of HAProxy is seen under the first of its own names, and never under one that it turns away", () => {
  const ask = seenBy(
    "haproxy",
    [
      serving(1, { listens: [listen("0.0.0.0", false)] }),
      serving(1, {
        listens: [listen("0.0.0.0")],
        names: ["!not.example", "mail.example"],
        deployments: [pairOf("b")],
      }),
    ],
    { a: held("a", "EC"), b: held("b", "EC", ["mail.example"]) },
  );
  expect(ask({ address: "192.0.2.1", name: "stranger.example", leaf: "b" })).toEqual([
    "0.0.0.0 mail.example /srv/b.pem agrees",
  ]);
  expect(ask({ address: "192.0.2.1", name: "mail.example", leaf: "b" })).toEqual([
    "0.0.0.0 mail.example /srv/b.pem agrees",
  ]);
});
