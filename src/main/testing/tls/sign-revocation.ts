import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { der, oid, sequence, text } from "./build-certificate.ts";
import type { Made } from "./make-with-openssl.ts";
import { algorithmOf, type Signed, signContent } from "./sign-certificate.ts";

const SHA1 = sequence(oid("1.3.14.3.2.26"));
const BASIC = "1.3.6.1.5.5.7.48.1.1";

/** A time as YYYYMMDDHHMMSSZ. */
const time = (value: string): Buffer => text(0x18, value);

type ListRequest = {
  issuer: Signed;
  from: string;
  until: string;
  serials?: readonly number[];
  extensions?: readonly Buffer[];
};

/** A revocation list with a real signature; all entries were revoked at `from`. Serials are below 128. */
export function signList({ issuer, from, until, serials = [], extensions = [] }: ListRequest): Buffer {
  const entries = serials.map((serial) => sequence(der(0x02, [serial]), time(from)));
  const list = entries.length > 0 ? [sequence(...entries)] : [];
  const version = der(0x02, [1]);
  const more = extensions.length > 0 ? [der(0xa0, sequence(...extensions))] : [];
  const about = [algorithmOf(issuer), issuer.subject, time(from), time(until)];
  return signContent(sequence(version, ...about, ...list, ...more), issuer);
}

type AnswerRequest = {
  issuer: Signed;
  /** Of the certificate in question, below 128. */
  serial?: number;
  state?: "good" | "revoked" | "unknown";
  from: string;
  /** Null: it does not say until when it is valid. */
  until: string | null;
  /** Signs it instead of the issuer, and is sent with it. */
  responder?: Signed;
};

/** An OCSP response with a real signature. A certificate that it calls revoked was revoked at `from`. */
export function signAnswer(wish: AnswerRequest): Buffer {
  const { issuer, serial = 1, state = "good", from, until, responder } = wish;
  const states = {
    good: der(0x80),
    revoked: der(0xa1, time(from)),
    unknown: der(0x82),
  };
  const id = sequence(SHA1, der(0x04, sha1(issuer.subject)), der(0x04, keyHash(issuer)), der(0x02, [serial]));
  const answer = sequence(id, states[state], time(from), ...(until === null ? [] : [der(0xa0, time(until))]));
  const signer = responder ?? issuer;
  const content = sequence(der(0xa2, der(0x04, keyHash(signer))), time(from), sequence(answer));
  const certificates = responder ? [der(0xa0, sequence(responder.der))] : [];
  const basic = signContent(content, signer, "sha256", ...certificates);
  return sequence(der(0x0a, [0]), der(0xa0, sequence(oid(BASIC), der(0x04, basic))));
}

const sha1 = (bytes: Uint8Array): Buffer => createHash("sha1").update(bytes).digest();

/** An Ed25519 key is the end of its SubjectPublicKeyInfo. */
const keyHash = ({ spki }: Signed): Buffer => sha1(spki.subarray(-32));

const run = promisify(execFile);

/** An OCSP response in which `issuer` says that `leaf` is good, in a file as servers staple it; returns its path. */
export async function signStatus(
  folder: string,
  { issuer, leaf }: { issuer: Made; leaf: Made },
): Promise<string> {
  const path = join(folder, "status.der");
  const request = join(folder, "request.der");
  const index = join(folder, "index.txt");
  const { stdout } = await run("openssl", ["x509", "-in", leaf.certificatePath, "-noout", "-serial"]);
  const serial = stdout.trim().replace("serial=", "");
  await writeFile(index, `V\t400101000000Z\t\t${serial}\tunknown\t/CN=leaf\n`);
  const about = ["-issuer", issuer.certificatePath, "-cert", leaf.certificatePath];
  await run("openssl", ["ocsp", ...about, "-no_nonce", "-reqout", request]);
  const signer = ["-rsigner", issuer.certificatePath, "-rkey", issuer.keyPath, "-CA", issuer.certificatePath];
  await run("openssl", [
    "ocsp",
    "-index",
    index,
    ...signer,
    "-reqin",
    request,
    "-respout",
    path,
    "-ndays",
    "3",
  ]);
  return path;
}
