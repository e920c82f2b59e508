import { expect, test } from "vitest";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { isAuthority, signCertificate } from "#testing/tls/sign-certificate.ts";
import { evaluateSentChain } from "./judge-chains.ts";
import { toSeen } from "./to-seen.ts";

const root = signCertificate({ subject: "root", extensions: [isAuthority()] });
const middle = signCertificate({ subject: "middle", issuer: root, extensions: [isAuthority()] });
const { der } = signCertificate({ subject: "leaf", issuer: middle });

test("whoever has signed the last certificate of a chain is looked for again when others are known", () => {
  const certificate = readCertificate(der);
  if (!certificate) throw new Error("it cannot be read");
  const target: TlsTarget = { kind: "tls", host: "a", port: 443, serverName: null, protocol: "tls" };
  const leaf = toSeen(certificate, der);
  const rules = (...known: Uint8Array[]) =>
    evaluateSentChain(target, [leaf], { named: () => known }).map(({ rule }) => rule);
  const namesake = signCertificate({ subject: "middle", extensions: [isAuthority()] });
  expect(rules(namesake.der)).toEqual([]);
  expect(rules(middle.der)).toEqual(["chain-incomplete"]);
  expect(rules(Uint8Array.from(middle.der))).toEqual(["chain-incomplete"]);
  expect(rules(namesake.der)).toEqual([]);
});
