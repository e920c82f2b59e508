import { implement } from "@orpc/server";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { TlsProber } from "#net/tls/probe-endpoint.ts";
import { type Inspection, inspect } from "#shared/contract/inspect.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { sayTarget } from "#shared/text/target.ts";
import { createAside } from "./inspect-aside.ts";
import { inspectFile } from "./inspect-file.ts";

type Deps = { prober: TlsProber };

export function createInspect({ prober }: Deps) {
  const os = implement(inspect);
  const aside = createAside();
  return {
    file: os.file.handler(({ input: { passwords, ...file } }) =>
      inspectFile({ ...file, passwords: passwords.map((password) => new Redacted(password)) }, aside),
    ),
    endpoint: os.endpoint.handler(({ input, signal }) => inspectEndpoint({ kind: "tls", ...input }, signal)),
  };

  async function inspectEndpoint(
    target: TlsTarget,
    signal = new AbortController().signal,
  ): Promise<Inspection> {
    const source = sayTarget(target);
    const reading = await prober.probeEndpoint(target, signal);
    if (reading.outcome !== "presented") throw new Refusal("unreachable", `${source}: ${reading.message}`);
    const items: Inspection["items"] = [];
    const malformed: string[] = [];
    for (const [position, der] of reading.chain.entries()) {
      const certificate = readCertificate(der);
      if (!certificate) malformed.push(`certificate ${position} of the chain cannot be read`);
      else {
        const { extensions: _, ...rest } = certificate;
        items.push({ what: "certificate", ...rest, place: "", entry: null });
        malformed.push(...certificate.malformed.map((why) => `certificate ${position} of the chain: ${why}`));
      }
    }
    const nothingLocked = { stores: [], wantsPassword: null, isWrongPassword: false };
    return { source, kind: "endpoint", items, malformed, ...nothingLocked };
  }
}
