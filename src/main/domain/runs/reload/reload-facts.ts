import type { Held } from "#domain/deployment-status/host-map.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import type { EndpointFacts, PlanNote, ScannedFacts } from "#domain/runs/renewal/renewal-facts.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { PresentedAfter, ReloadedServer, Service } from "#shared/model/runs/deployment.ts";
import type { Pace } from "#shared/model/runs/plan-options.ts";

/** All that a plan of reloads is made of: the inventory, and what was seen on the hosts and on the wire just now. */
export type ReloadFacts = {
  now: Instant;
  options: Pace;
  hosts: readonly { host: HostFacts; scanned: ScannedFacts; servers: readonly ServerFacts[] }[];
  /** Notes about how all this was found. */
  said: readonly PlanNote[];
};

/**
 * A server's own tests as it is now: what has passed them, certificates and configuration or certificates alone, or
 * nothing, or that one has failed. `said`: why no more has passed, in words of the host.
 */
export type OwnTests = { kind: ReloadedServer["tested"] | "failed"; said: string };

/** A server of a host, as its configuration was when the host was last read, and as its files are now. */
export type ServerFacts = {
  service: Service;
  /** Why it cannot be reloaded, as a phrase; null: it can. */
  obstacle: string | null;
  /** What keeps it from starting and from reloading, by its configuration as it was last read: phrases. */
  problems: readonly string[];
  test: OwnTests;
  files: ReloadedServer["files"];
  deployments: ReloadedServer["deployments"];
  endpoints: readonly (EndpointFacts & { after: PresentedAfter })[];
  /** What is known of the certificates that its files and endpoints name, by their SHA-256. */
  held: ReadonlyMap<string, Held>;
  /** What is not known of it, each a phrase. */
  wonders: readonly string[];
};
