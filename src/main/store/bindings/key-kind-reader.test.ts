import { expect, test } from "vitest";
import type { SeenCertificate } from "#store/probe-record.ts";
import { openStore, type Store } from "#store/store.ts";
import { makeCertificate, makeServing, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";

/** Each name is served from a file for each kind. */
function readHost(store: Store, host: string, names: readonly string[], kinds: readonly string[]): void {
  const held = kinds.map((keyType) => ({
    path: `/etc/ssl/${host}-${keyType}.pem`,
    certificates: [makeCertificate(`${host} ${keyType}`, { keyType })],
  }));
  visitHost(store, host, {
    collected: {
      certificateFiles: held,
      disk: {
        addresses: [`192.0.2.${host.length}`],
        map: null,
        bindings: names.flatMap((name) =>
          held.map(({ path }) =>
            makeServing(name, {
              certificate: {
                path,
                directive: "ssl_certificate",
                at: { file: "/etc/nginx/nginx.conf", line: 2 },
              },
            }),
          ),
        ),
      },
    },
  });
}

const greet = (store: Store, name: string, address: string, leaf: SeenCertificate): void => {
  const addresses = [address, "2001:db8::1"].map((one) => ({
    address: one,
    outcome: "presented" as const,
    message: "",
    chain: [leaf],
  }));
  visitEndpoint(store, name, { presented: { chain: [leaf], addresses } });
};

test("a kind of key is asked for alone where another one stands beside it for the same name", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  readHost(store, "web1", ["shop"], ["RSA", "EC", "Ed25519"]);
  readHost(store, "mail01", ["mail"], ["RSA"]);
  readHost(store, "odd", ["odd"], ["RSA", "DSA"]);
  const kindsAt = store.served.readKeyKinds();
  expect(kindsAt({ host: "web1", port: 443 })).toEqual(["EC", "RSA", "Ed25519"]);
  expect(kindsAt({ host: "192.0.2.4", port: 443 })).toEqual(["EC", "RSA", "Ed25519"]);
  expect(kindsAt({ host: "web1", port: 8_443 })).toEqual([]);
  expect(kindsAt({ host: "mail01", port: 443 })).toEqual([]);
  expect(kindsAt({ host: "odd", port: 443 })).toEqual([]);
});

test("which kinds stand at a port of a host is read once in a scan, by whatever names it is asked for", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const names = ["one.example", "two.example"];
  readHost(store, "web1", names, ["RSA", "EC"]);
  for (const name of names) greet(store, name, "192.0.2.4", makeCertificate("web1 EC"));
  const kindsAt = store.served.readKeyKinds();
  expect(kindsAt({ host: "one.example", port: 443 })).toEqual(["EC", "RSA"]);
  readHost(store, "web1", names, ["RSA"]);
  expect(kindsAt({ host: "two.example", port: 443 })).toEqual(["EC", "RSA"]);
  expect(store.served.readKeyKinds()({ host: "two.example", port: 443 })).toEqual([]);
});
