import { expect, test } from "vitest";
import { createSharedWork } from "#domain/x509/path/build-paths.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { EndpointProbe, HostProbe } from "#store/probe-record.ts";
import { openStore } from "#store/store.ts";
import { beginScan, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { isAuthority, type Signed, signCertificate } from "#testing/tls/sign-certificate.ts";
import { toSeen } from "../describe-parts.ts";
import { createPublicNoter } from "./note-certificates.ts";

const root = signCertificate({ subject: "public root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
const leaf = signCertificate({ subject: "leaf", issuer: middle });
const own = signCertificate({ subject: "own root", extensions: [isAuthority()] });
const inside = signCertificate({ subject: "inside", issuer: own });

const seen = ({ der }: Signed) => {
  const certificate = readCertificate(der);
  if (!certificate) throw new Error("it cannot be read");
  return toSeen(certificate, der);
};

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const note = createPublicNoter(store.chains, {
    readRoots: () => indexCertificates([root.der]),
    work: createSharedWork(),
  });
  return {
    isPublic: ({ sha256 }: Signed) => store.chains.isPublic(sha256),
    /** Each in a file of its own. */
    read(host: string, ...held: Signed[]) {
      const certificateFiles = held.map((one) => ({
        path: `/etc/ssl/${one.sha256}`,
        certificates: [seen(one)],
      }));
      visitHost(store, host, { collected: { certificateFiles } });
      store.atomically(() => note({ collected: { certificateFiles } } as HostProbe));
    },
    greet(...sent: Signed[]) {
      const chain = sent.map(seen);
      visitEndpoint(store, "shop", { at: START, scanId: beginScan(store), presented: { chain } });
      store.atomically(() => note({ presented: { chain, addresses: null } } as unknown as EndpointProbe));
    },
  };
}

test("a certificate in a file is of a public authority where names and signatures lead to one through other files", () => {
  const { isPublic, read } = open();
  read("web1", leaf, inside);
  expect([leaf, inside].map(isPublic)).toEqual([null, null]);
  read("web2", middle, own);
  read("web1", leaf, inside);
  expect([leaf, inside].map(isPublic)).toEqual([true, false]);
  expect(isPublic(middle)).toBeNull();
});

test("what an endpoint has shown to be public stays so where only the certificate itself lies in a file", () => {
  const { isPublic, read, greet } = open();
  greet(leaf, middle);
  read("web1", leaf);
  expect(isPublic(leaf)).toBe(true);
});

test("a certificate that names a public authority and is not signed by it is of nobody that is known", () => {
  const { isPublic, read } = open();
  const forged = signCertificate({ subject: "forged", issuer: middle, isForged: true });
  read("web1", forged, middle);
  expect(isPublic(forged)).toBeNull();
});
