import type { ContractRouterClient } from "@orpc/contract";
import { accounts } from "./access/accounts.ts";
import { access } from "./access/grants.ts";
import { graph } from "./access/graph.ts";
import { logins } from "./access/logins.ts";
import { people } from "./access/people.ts";
import { reviews } from "./access/reviews.ts";
import { certificates, chains, endpoints, served } from "./certificates.ts";
import { changes } from "./changes.ts";
import { events } from "./events.ts";
import { findings } from "./findings.ts";
import { forecast } from "./forecast.ts";
import { hostKeys, hosts } from "./hosts.ts";
import { bundles, inspect } from "./inspect.ts";
import { issuers } from "./issuers.ts";
import { labels } from "./labels.ts";
import { runs } from "./runs.ts";
import { scans, targets } from "./scans.ts";
import { auditLog, database, settings, thisComputer } from "./settings.ts";
import { today } from "./today.ts";
import { vault } from "./vault.ts";

/** Every procedure of Latchkey: the same over a port, a socket and the command line. */
export const contract = {
  access,
  accounts,
  auditLog,
  bundles,
  certificates,
  chains,
  changes,
  database,
  endpoints,
  events,
  findings,
  forecast,
  graph,
  hostKeys,
  hosts,
  inspect,
  issuers,
  labels,
  logins,
  people,
  reviews,
  runs,
  scans,
  served,
  settings,
  targets,
  thisComputer,
  today,
  vault,
};

export type LatchkeyClient = ContractRouterClient<typeof contract>;
