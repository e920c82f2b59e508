import { expect, test } from "vitest";
import { der, oid, sequence } from "#testing/tls/build-certificate.ts";
import { isAuthority, signCertificate } from "#testing/tls/sign-certificate.ts";
import { leaveOutRejected, readRoots } from "./trusted-roots.ts";

const SERVER = "1.3.6.1.5.5.7.3.1";
const CLIENT = "1.3.6.1.5.5.7.3.2";
const ANY = "2.5.29.37.0";

const root = signCertificate({ subject: "root", extensions: [isAuthority()] });

type Settings = { trusted?: readonly string[]; rejected?: readonly string[] };

/** As `openssl x509 -addtrust` and `-addreject` write it. */
function writeTrusted({ trusted, rejected }: Settings): Buffer {
  const settings = sequence(
    ...(trusted ? [sequence(...trusted.map(oid))] : []),
    ...(rejected ? [der(0xa0, ...rejected.map(oid))] : []),
    der(0x0c, Buffer.from("an alias")),
  );
  const base64 = Buffer.concat([root.der, settings]).toString("base64");
  return Buffer.from(`-----BEGIN TRUSTED CERTIFICATE-----\n${base64}\n-----END TRUSTED CERTIFICATE-----\n`);
}

test.each<[Settings, { server: boolean; client: boolean; any: boolean }]>([
  [{}, { server: true, client: true, any: true }],
  [{ trusted: [SERVER] }, { server: true, client: false, any: true }],
  [{ trusted: [ANY] }, { server: true, client: true, any: true }],
  [{ rejected: [SERVER] }, { server: false, client: true, any: true }],
  [{ rejected: [SERVER, CLIENT] }, { server: false, client: false, any: false }],
  [{ rejected: [ANY] }, { server: false, client: false, any: false }],
  [{ trusted: ["1.3.6.1.5.5.7.3.4"] }, { server: false, client: false, any: false }],
])("with the settings %j a certificate is a root for %j", (settings, expected) => {
  const file = writeTrusted(settings);
  const isRoot = (purpose: "server" | "client" | null) => readRoots(file, purpose).roots.length === 1;
  expect({ server: isRoot("server"), client: isRoot("client"), any: isRoot(null) }).toEqual(expected);
});

test("what is rejected is no root beside itself, and stands in no path under another signature", () => {
  const plain = Buffer.from(
    `-----BEGIN CERTIFICATE-----\n${root.der.toString("base64")}\n-----END CERTIFICATE-----\n`,
  );
  const { roots, rejected } = readRoots(
    Buffer.concat([plain, writeTrusted({ rejected: [SERVER] })]),
    "server",
  );
  expect(roots).toEqual([]);
  const issuer = signCertificate({ subject: "other root", extensions: [isAuthority()] });
  const crossed = signCertificate({ subject: "root", issuer, keyOf: root, extensions: [isAuthority()] });
  expect(leaveOutRejected([crossed.der, issuer.der], rejected)).toEqual([issuer.der]);
});
