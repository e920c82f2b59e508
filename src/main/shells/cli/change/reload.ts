import type { Command } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { ReloadRequest } from "#shared/contract/runs.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { ServerKind } from "#shared/model/runs/deployment.ts";
import { findHost } from "#shells/cli/find-host.ts";
import { CHANGE, type Session } from "#shells/cli/session.ts";
import { readCertificateName } from "./rotate.ts";
import { change } from "./rotate-apply.ts";
import { addReloadOptions, type ChangeOptions } from "./rotate-options.ts";

export function addReload(program: Command, { world, finish }: Session): void {
  const reload = program
    .command("reload [server...]")
    .helpGroup(CHANGE)
    .description("have servers read their certificates again, and verify what they serve");
  addReloadOptions(reload)
    .addHelpText("after", HELP)
    .action(async (named: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<ChangeOptions>();
      const isNamed = named.length > 0;
      const toRequest = (client: LatchkeyClient) => readRequest(named, client);
      finish(await change({ command, kinds: ["reload"], isNamed, toRequest }, options, world));
    });
}

const SERVERS = ServerKind.options.filter((kind) => kind !== "described");

const HELP = `
Name a server of a host (nginx@web1), an endpoint (HOST:PORT or HOST:PORT/NAME), or a certificate that is still served, by
its SHA-256. Servers: ${SERVERS.join(", ")}.

Latchkey reads the hosts and shows a plan: what each address and name serves now, and what it will serve by the
configuration and the files on disk. Nothing is reloaded before --apply. Then each server tests its own configuration
and its certificates; one that fails is not reloaded, and what failed is shown. After the reload, a handshake at each
address and name must get what its files hold. A reload cannot be undone.

Examples:
  latchkey reload nginx@web1
  latchkey reload web1:443/shop.example --apply
  latchkey reload nginx@web1 haproxy@lb1 --plan reload.json
  latchkey reload --apply reload.json --yes

Exit codes: 0 planned, or reloaded and verified; 1 paused, or needs attention: what a server serves is not what its files
hold; 2 refused, nothing was reloaded; 3 stopped: a server failed its own test, or its host could not be reached.
With --json: { planId, hash, plan }; with --apply: { run }`;

const SERVER_OF_HOST = /^(?<server>[a-z]+)@(?<host>[^@\s]+)$/;

async function readRequest(named: readonly string[], client: LatchkeyClient): Promise<ReloadRequest> {
  if (named.length === 0)
    throw new Refusal(
      "invalid-input",
      "name servers, as nginx@web1, or where they serve, as web1:443; latchkey served lists both",
    );
  const request: ReloadRequest = { kind: "reload", servers: [], endpoints: [], stale: [] };
  for (const text of named) {
    const { server, host } = SERVER_OF_HOST.exec(text)?.groups ?? {};
    if (server !== undefined && host !== undefined) {
      const known = SERVERS.find((kind) => kind === server);
      if (!known)
        throw new Refusal(
          "invalid-input",
          `how ${server} is tested and reloaded is not known; use one of ${SERVERS.join(", ")}`,
        );
      request.servers.push({ server: known, ...(await findHost(host, client)), config: null });
      continue;
    }
    const one = readCertificateName(text);
    if (one === null)
      throw new Refusal(
        "invalid-input",
        `${text} is neither a server of a host (nginx@web1), nor an endpoint (HOST:PORT), nor the SHA-256 of a certificate`,
      );
    if ("sha256" in one) request.stale.push({ certificate: one.sha256, host: null });
    else request.endpoints.push(one);
  }
  return request;
}
