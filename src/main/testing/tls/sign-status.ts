import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Made } from "./make-with-openssl.ts";

const run = promisify(execFile);

/** An OCSP answer by which `issuer` says that `leaf` is good, in a file as servers staple it; answers with its path. */
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
