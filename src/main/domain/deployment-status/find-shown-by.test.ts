import { expect, test } from "vitest";
import {
  ADDRESSES,
  ASKED,
  createDice,
  makeRandomConfiguration,
} from "#domain/deployment-status/testing/random-configuration.ts";
import type { ConfigurationFiles } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { makeFiles } from "#domain/server-configs/testing/format-files.ts";
import { evaluateServed } from "./evaluate-served.ts";
import { findShownBy } from "./find-shown-by.ts";
import { chosenNames, type Files, type Held, indexMap } from "./host-map.ts";
import { createRowFinder, type ListedBinding, listBindings } from "./list-bindings.ts";

type HeldFiles = { [path: string]: { names: string[]; kind?: string } };

/** What would show each row, by its listener, name and file. */
function showRows(files: ConfigurationFiles, held: HeldFiles, host = "web1"): { [row: string]: string } {
  const rows = listBindings([readConfiguration(files)], () => null);
  const shownBy = findShownBy(rows, {
    host,
    namesIn: (path) => held[path]?.names ?? null,
    kindOf: (path) => (held[path] ? (held[path].kind ?? "EC") : null),
  });
  return Object.fromEntries(
    rows.map(({ address, name, certificate }, index) => {
      const one = shownBy[index] ?? null;
      const said =
        one === null
          ? "not known"
          : one.kind === "scan"
            ? `scan ${one.host}${one.serverName === null ? "" : `/${one.serverName}`}`
            : `${one.kind}: ${one.why}`;
      return [`${address} ${name ?? "-"} ${certificate?.path ?? "-"}`, said];
    }),
  );
}

const HAPROXY = { "/h.cfg": "frontend a\n bind :443 ssl crt /crt/" };

const folder = (names: string[]) =>
  makeFiles({ server: "haproxy", folders: new Map([["/crt", names]]) }, HAPROXY);

test("each certificate of a folder of HAProxy's is shown by a name of its own that it is chosen for", () => {
  const held: HeldFiles = {
    "/crt/a.pem": { names: ["a.example"] },
    "/crt/b.pem": { names: ["b.example", "a.example"] },
    "/crt/c.pem": { names: ["*.c.example"] },
    "/crt/d.pem": { names: ["d.example"], kind: "RSA" },
  };
  expect(showRows(folder(["a.pem", "b.pem", "c.pem", "d.pem"]), held)).toEqual({
    "0.0.0.0 - /crt/a.pem": "scan web1/a.example",
    "0.0.0.0 - /crt/b.pem": "scan web1/b.example",
    "0.0.0.0 - /crt/c.pem": "scan web1/www.c.example",
    "0.0.0.0 - /crt/d.pem": "scan web1/d.example",
  });
});

test("a file of HAProxy's whose names all have an earlier one of the same kind of key is never served", () => {
  const held: HeldFiles = {
    "/crt/a.pem": { names: ["a.example", "*.a.example"] },
    "/crt/b.pem": { names: ["a.example"], kind: "RSA" },
    "/crt/c.pem": { names: ["*.a.example", "a.example"] },
  };
  expect(showRows(folder(["a.pem", "b.pem", "c.pem"]), held)).toEqual({
    "0.0.0.0 - /crt/a.pem": "scan web1/a.example",
    "0.0.0.0 - /crt/b.pem": "scan web1/a.example",
    "0.0.0.0 - /crt/c.pem":
      "never: /crt/a.pem is served in its place, by crt in /h.cfg:2, which is for the same kind of key (EC)",
  });
  // The file that was not read may be for another name.
  const { "/crt/c.pem": _, ...unreadable } = held;
  expect(showRows(folder(["a.pem", "b.pem", "c.pem"]), unreadable)["0.0.0.0 - /crt/c.pem"]).toBe("not known");
});

test("a name that a line of HAProxy's refuses leads past its pattern to another certificate, which is shown by that name", () => {
  const files = makeFiles(
    { server: "haproxy" },
    {
      "/h.cfg": "frontend a\n bind :443 ssl crt-list /list",
      "/list": "/one *.a.example !y.a.example\n/two\n",
    },
  );
  const held: HeldFiles = { "/one": { names: ["one.example"] }, "/two": { names: ["*.a.example"] } };
  expect(showRows(files, held)["0.0.0.0 - /two"]).toBe("scan web1/y.a.example");
});

const NGINX = (more: string, listens = "listen 443 ssl;") => ({
  "/n.conf": `http { server { ${listens} server_name a.example *.b.example; ${more} } }`,
});
const pem = (...names: string[]) =>
  names.map((name) => `ssl_certificate /${name}; ssl_certificate_key /${name};`).join(" ");

test("of two certificates of one kind of key only the later one is served by OpenSSL, and of two kinds both", () => {
  const held: HeldFiles = {
    "/one": { names: [] },
    "/two": { names: [] },
    "/rsa": { names: [], kind: "RSA" },
  };
  const never =
    "never: /two is served in its place, by ssl_certificate in /n.conf:1, which is for the same kind of key (EC)";
  const files = makeFiles({ server: "nginx" }, NGINX(pem("one", "rsa", "two")));
  expect(showRows(files, held)).toEqual({
    "0.0.0.0 a.example /one": never,
    "0.0.0.0 a.example /rsa": "scan web1/a.example",
    "0.0.0.0 a.example /two": "scan web1/a.example",
    "0.0.0.0 *.b.example /one": never,
    "0.0.0.0 *.b.example /rsa": "scan web1/www.b.example",
    "0.0.0.0 *.b.example /two": "scan web1/www.b.example",
  });
  // When no type of key is known, we cannot say which certificate it is.
  expect(showRows(files, { "/one": { names: [] } })["0.0.0.0 a.example /one"]).toBe("not known");
});

test("a listener of IPv6 for itself is shown by an address of IPv6, and by none where the host has none", () => {
  const listens = "listen 443 ssl; listen [::]:443 ssl;";
  const at = (addresses: string[] | null) =>
    showRows(
      makeFiles(
        { server: "nginx", addresses },
        {
          "/n.conf": `http { server { ${listens} server_name a.example; ${pem("one")} } }`,
        },
      ),
      { "/one": { names: [] } },
    );
  expect(at(["192.0.2.1", "2001:db8::1"])).toEqual({
    "0.0.0.0 a.example /one": "scan 192.0.2.1/a.example",
    ":: a.example /one": "scan 2001:db8::1/a.example",
  });
  expect(at(["192.0.2.1"])).toEqual({
    "0.0.0.0 a.example /one": "scan web1/a.example",
    ":: a.example /one": "unreached: the host has no address of IPv6 by which others reach it",
  });
  expect(at(null)).toEqual({ "0.0.0.0 a.example /one": "not known", ":: a.example /one": "not known" });
});

test("a listener for the host alone is shown by no scan from elsewhere, and one at an address by that address", () => {
  const files = makeFiles(
    { server: "nginx", addresses: ["192.0.2.1"] },
    {
      "/n.conf": `http { server { listen 127.0.0.1:443 ssl; ${pem("one")} } server { listen 192.0.2.9:443 ssl; ${pem("two")} } }`,
    },
  );
  const held: HeldFiles = { "/one": { names: [] }, "/two": { names: ["two.example"] } };
  expect(showRows(files, held)).toEqual({
    "127.0.0.1 - /one": "unreached: only the host itself reaches 127.0.0.1",
    "192.0.2.9 - /two": "scan web1",
  });
  expect(showRows(files, held, "127.0.0.1")["127.0.0.1 - /one"]).toBe("scan 127.0.0.1");
});

test("a host of Apache's that comes after another of its name is never served, and what nobody can tell is not known", () => {
  const host = (name: string, file: string) =>
    `<VirtualHost *:443>\n${name}\nSSLEngine on\nSSLCertificateFile /${file}\n</VirtualHost>`;
  const texts = (more: string) => ({
    "/a.conf": `Listen 443\n${host("ServerName a.example", "one")}\n${host("ServerName a.example", "two")}\n${more}`,
  });
  const held: HeldFiles = { "/one": { names: [] }, "/two": { names: [], kind: "RSA" } };
  const rows = showRows(makeFiles({ server: "apache" }, texts("")), held);
  expect(rows).toEqual({
    "null a.example /one": "scan web1/a.example",
    "null a.example /two": "never: /one is served in its place, by SSLCertificateFile in /a.conf:5",
  });
  // The rows do not depend on the types of the keys.
  expect(showRows(makeFiles({ server: "apache" }, texts("")), {})).toEqual(rows);
  const open = showRows(makeFiles({ server: "apache" }, texts("Include /elsewhere.conf")), held);
  expect(open["null a.example /two"]).toBe("not known");
});

test("a key for which no cipher is set is not said to be shown by a scan", () => {
  const tls = "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;";
  const files = makeFiles({ server: "nginx" }, NGINX(`${tls} ${pem("one", "rsa")}`));
  const held: HeldFiles = { "/one": { names: [] }, "/rsa": { names: [], kind: "RSA" } };
  expect(showRows(files, held)).toMatchObject({
    "0.0.0.0 a.example /one": "scan web1/a.example",
    "0.0.0.0 a.example /rsa": "not known",
  });
});

test("of a host whose lists are so long that each would have to be laid beside each other one nothing is known", () => {
  const names = Array.from({ length: 2_000 }, (_, index) => `${index}.pem`);
  const held = Object.fromEntries(names.map((name) => [`/crt/${name}`, { names: [`${name}.example`] }]));
  expect(new Set(Object.values(showRows(folder(names), held))).size).toBe(names.length);
  // Each expression may match any name, so that every query depends on all of them.
  const blocks = names.map((name) => `server { listen 443 ssl; server_name ~^${name}; ${pem(name)} }`);
  const rows = showRows(makeFiles({ server: "nginx" }, { "/n.conf": `http { ${blocks.join("\n")} }` }), {});
  expect(new Set(Object.values(rows))).toEqual(new Set(["not known"]));
});

const HELD: Record<string, Held> = {
  "/a": makeHeld("/a", ["a.example", "*.a.example"], "EC"),
  "/b": makeHeld("/b", ["b.example", "a.example", "www.a.example"], "EC"),
  "/c": makeHeld("/c", ["*.example", "c.example"], "RSA"),
};

function makeHeld(sha256: string, names: string[], keyType: string): Held {
  return { sha256, notBefore: null, keyType, names: names.map((name) => `DNS:${name}`) };
}

const OWN = ["192.0.2.1", "2001:db8::1"];

test("whatever is configured, each scan that is named is answered with its row, and no handshake with one that is never served", () => {
  const counts = { scan: 0, never: 0, unreached: 0, unknown: 0 };
  for (let seed = 1; seed <= 250; seed++) {
    const pick = createDice(seed);
    const configuration = { ...makeRandomConfiguration(pick), addresses: pick([OWN, OWN, null]) };
    const heldNow = (path: string) => (seed % 5 === 0 && path === "/c" ? null : (HELD[path] ?? null));
    const files: Files = { heldNow, holding: () => [], heldUntil: () => new Map(), alsoIn: () => null };
    const rows = listBindings([configuration], () => null).map((row) => ({
      ...row,
      certificatePath: row.certificate?.path ?? null,
    }));
    const shownBy = findShownBy(rows, {
      host: "b.example",
      namesIn: (path) => chosenNames(heldNow(path)),
      kindOf: (path) => heldNow(path)?.keyType ?? null,
    });
    const index = indexMap({ configurations: [configuration], files: [], listeners: null }, (path) =>
      chosenNames(heldNow(path)),
    );
    for (const [at, row] of rows.entries()) {
      const one = shownBy[at] ?? null;
      counts[one?.kind ?? "unknown"]++;
      const find = createRowFinder(rows.filter(({ port }) => port === row.port));
      const leaf = HELD[row.certificatePath ?? ""] ?? makeHeld("none", [], "EC");
      const isSeen = (address: string, name: string | null): boolean | null => {
        const sight = { address, name, port: row.port, leaf, probedAt: 0, readAt: 0 };
        const judged = evaluateServed(index, files, sight);
        return judged && judged.bindings.length > 0
          ? find(judged, sight).some((found) => keyOf(found) === keyOf(row))
          : null;
      };
      const about = JSON.stringify([seed, one, { ...row, source: null }, configuration]);
      if (one?.kind === "scan") {
        const name = one.serverName ?? (one.host === "b.example" ? one.host : null);
        const seen = (one.host === "b.example" ? OWN : [one.host]).map((address) => isSeen(address, name));
        expect(seen, about).toContain(true);
        expect(seen, about).not.toContain(false);
      } else if (one?.kind === "never") {
        const places = ADDRESSES.flatMap((address) => address ?? OWN);
        const seen = places.flatMap((address) => [null, ...ASKED].map((name) => isSeen(address, name)));
        expect(seen, about).not.toContain(true);
      }
    }
  }
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(20);
});

const keyOf = ({
  address,
  name,
  certificatePath,
  at,
}: ListedBinding & { certificatePath: string | null }): string =>
  JSON.stringify([address, name, certificatePath, at]);
