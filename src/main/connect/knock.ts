import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import type { FetchedCertificate, fetchHostCertificate } from "#net/ssh/fetch-host-certificate.ts";
import type { LoginOptions, Way } from "#net/ssh/login-options.ts";
import type { HostKeys } from "./host-keys.ts";
import type { WayFailure } from "./jump-hosts.ts";

export type KnockDeps = {
  hostKeys: HostKeys;
  /** What to log in to one machine with. */
  waysInto: (hop: Hop) => Pick<LoginOptions, "identities" | "unusable" | "typed" | "client">;
  fetchHostCertificate: typeof fetchHostCertificate;
  limits: LoginOptions["limits"];
  /** The scan's. */
  signal: AbortSignal;
};

const NOT_ASKED = "behind a ProxyCommand no host is asked for its certificate";

/** One attempt at a login, which has all that it needs for that. */
export type Attempt<T> = (login: LoginOptions) => Promise<T>;

/**
 * Logs in to machines of one scan. Where a certificate of the machine decides, a connection of its own asks for it,
 * once a scan where it answers, and has ended before the login begins: so there is one stranger of ours at the door at any time.
 */
export function createKnock({ hostKeys, waysInto, fetchHostCertificate, limits, signal }: KnockDeps) {
  const certificates = new Map<string, FetchedCertificate>();

  /** `open` opens the way; it may be called twice. */
  return async function knock<T extends object>(
    hop: Hop,
    open: () => Promise<Way | WayFailure>,
    attempt: Attempt<T>,
  ) {
    const { name, port, user } = hop;
    const check = hostKeys.check(hop);
    const seen = certificates.get(`${name}:${port}`);
    if (seen) check.takeCertificate(seen);
    for (;;) {
      const keyTypes = check.wantsCertificate();
      const way = await open();
      if ("outcome" in way) return { met: way, check };
      if (keyTypes.length > 0 && hop.openssh?.proxyCommand) {
        check.takeCertificate({ kind: "none", why: NOT_ASKED });
        continue;
      }
      if (keyTypes.length > 0) {
        const asked = { way, port, keyTypes, timeoutMs: limits.connectMs, signal };
        const fetched = await fetchHostCertificate(asked);
        if (fetched.kind !== "unanswered") certificates.set(`${name}:${port}`, fetched);
        check.takeCertificate(fetched);
        continue;
      }
      const met = await attempt({
        target: { host: name, port },
        way,
        user,
        limits,
        signal,
        ...waysInto(hop),
        verifyHostKey: check.verify,
        hostKeyTypes: check.hostKeyTypes(),
        trustedKeys: check.trustedKeys(),
        reopen: open,
      });
      if (check.wantsCertificate().length === 0) return { met, check };
    }
  };
}
