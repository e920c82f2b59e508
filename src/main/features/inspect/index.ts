import { implement } from "@orpc/server";
import { readProxy } from "#domain/targets/proxies.ts";
import { readAuthorities } from "#domain/x509/names.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { readTimestamps } from "#domain/x509/timestamps.ts";
import { createProxyRoute, type ProxyRoute } from "#net/proxy/proxy.ts";
import type { EndpointReading, ProbeRequest, TlsProber } from "#net/tls/probe-endpoint.ts";
import { type Inspection, inspect } from "#shared/contract/inspect.ts";
import type { EndpointFacts } from "#shared/model/hosts/endpoint.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { protocolOfPort } from "#shared/model/hosts/target.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import { createAside, inspectFile } from "./inspect-file.ts";

type Deps = { prober: TlsProber; now: () => Date };

export function createInspect({ prober, now }: Deps) {
  const os = implement(inspect);
  const aside = createAside();
  return {
    file: os.file.handler(({ input: { passwords, ...file } }) =>
      inspectFile({ ...file, passwords: passwords.map((password) => new Redacted(password)) }, aside),
    ),
    endpoint: os.endpoint.handler(
      ({ input: { protocol, proxy, proxyPassword, probesCapabilities, ...endpoint }, signal }) =>
        inspectEndpoint(
          { kind: "tls", ...endpoint, protocol: protocol ?? protocolOfPort(endpoint.port) },
          {
            proxy: openProxy(proxy, proxyPassword === null ? null : new Redacted(proxyPassword)),
            everyAddress: true,
            probesCapabilities,
          },
          signal,
        ),
    ),
  };

  async function inspectEndpoint(
    target: TlsTarget,
    request: ProbeRequest,
    signal = new AbortController().signal,
  ): Promise<Inspection> {
    const source = formatTarget(target);
    const reading = await prober.probeEndpoint(target, signal, request);
    if (reading.outcome !== "presented") throw new Refusal("unreachable", `${source}: ${reading.message}`);
    const items: Inspection["items"] = [];
    const malformed: string[] = [];
    for (const [position, der] of reading.chain.entries()) {
      const certificate = readCertificate(der);
      if (!certificate) malformed.push(`certificate ${position} of the chain cannot be read`);
      else {
        const { extensions: _, ...rest } = certificate;
        items.push({ what: "certificate", ...rest, location: "", entry: null });
        malformed.push(...certificate.malformed.map((why) => `certificate ${position} of the chain: ${why}`));
      }
    }
    const nothingLocked = { stores: [], wantsPassword: null, isWrongPassword: false };
    const endpoint = describeReading(reading, toInstant(now()));
    return { source, kind: "endpoint", items, malformed, endpoint, ...nothingLocked };
  }
}

/** Nothing prompts here: the password of a proxy comes with the request, and a jump host may need more. */
function openProxy(text: string, password: Redacted<string> | null): ProxyRoute | null {
  const proxy = readProxy(text);
  if (proxy.kind === "direct") return null;
  if (proxy.kind === "jump")
    throw new Refusal("invalid-input", "a jump host is logged in to by scans alone; scan the endpoint");
  const { user } = proxy;
  if (user !== null && password === null)
    throw new Refusal(
      "invalid-input",
      `the proxy is to be logged in to as ${user}, whose password is not there; inspect at a terminal, which asks for it`,
    );
  return createProxyRoute({ ...proxy, credentials: user !== null && password ? { user, password } : null });
}

/** What a reading shows of its endpoint beside the chain, in the form of a stored endpoint. */
function describeReading(
  { chain: [leaf], facts, wire, addresses, capabilities }: EndpointReading,
  at: Instant,
): EndpointFacts {
  const { staple, timestamps, authorities } = wire;
  return {
    facts,
    addresses: (addresses ?? []).map(({ address, outcome, message, chain: [first] }) => ({
      address,
      outcome,
      message,
      at,
      leaf: (first && readCertificate(first)?.sha256) ?? null,
    })),
    authorities: authorities && readAuthorities(authorities),
    capabilities: capabilities && { ...capabilities, at },
    timestamps: readTimestamps({ leaf: leaf ?? null, staple, list: timestamps }),
    stapleBytes: staple?.length ?? null,
  };
}
