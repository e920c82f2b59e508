import { decodePem, findPemBlocks } from "#codec/pem.ts";
import { openCertificate, type PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { type Broken, broken } from "./open-json.ts";

/** Longer ones no server sends. */
const MOST_CERTIFICATES = 10;

/** What was issued: the leaf first, in the order in which it came, without a root at its end. Each is whole DER. */
export function readChain(bytes: Uint8Array): { chain: Uint8Array[] } | Broken {
  const blocks = findPemBlocks(Buffer.from(bytes).toString("latin1"));
  if (blocks.length === 0) return broken("what it issued is no certificate in PEM");
  if (blocks.length > MOST_CERTIFICATES)
    return broken(
      `what it issued has ${blocks.length} certificates, where ${MOST_CERTIFICATES} are a long chain`,
    );
  const chain: PathCertificate[] = [];
  for (const { label, lines, problem, line } of blocks) {
    const der = label === "CERTIFICATE" && problem === null ? decodePem(lines) : null;
    const certificate = der && openCertificate(der);
    if (!certificate || certificate.der.length !== der.length)
      return broken(`what it issued holds something at line ${line} that is no certificate`);
    chain.push(certificate);
  }
  const isRoot = (certificate: PathCertificate | undefined) => certificate?.isSelfIssued === true;
  const sent = chain.length > 1 && isRoot(chain.at(-1)) ? chain.slice(0, -1) : chain;
  return { chain: sent.map(({ der }) => der) };
}
