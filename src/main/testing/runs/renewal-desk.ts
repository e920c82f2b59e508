import type { App } from "#app";
import type { RenewalRequest } from "#shared/contract/runs.ts";
import { Redacted } from "#shared/model/secret.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { type HostedServer, SERVED, startWithLdapi } from "#testing/lab/start-servers-host.ts";

export const PASSPHRASE = "a passphrase that nobody guesses";

const sealed = (app: App) => app.seal(new Redacted(Buffer.from(PASSPHRASE)));

const unlock = async (app: App) => app.client.vault.unlock({ passphrase: await sealed(app) });

/** A desk with a vault and an authority of its own, which signs for every name that ends in `.lab`. */
export async function makeRenewalDesk() {
  const desk = await makeDesk();
  const open = async (): Promise<App> => {
    const app = desk.open();
    const { state } = await app.client.vault.status();
    if (state === "absent") {
      await app.client.vault.create({ passphrase: await sealed(app), recovery: null });
      await app.client.issuers.addLocal({ name: "corp", permitted: [".lab"] });
    } else if (state === "locked") await unlock(app);
    return app;
  };
  return { ...desk, unlock, openWithVault: open };
}

export type RenewalDesk = Awaited<ReturnType<typeof makeRenewalDesk>>;

/**
 * A host that the desk's key can log in to, where these servers run; `more` is shell text that runs before any of them.
 */
export const startRenewedHost = (desk: Desk, servers: readonly HostedServer[], more = "") =>
  startWithLdapi(servers, `${letIn(desk.publicKey)}\n${more}`);

/** Scans hosts, and the endpoints of these servers there. */
export const scanServers = (
  app: App,
  hosts: readonly { address: string }[],
  servers: readonly HostedServer[],
) =>
  scanAll(app, {
    acceptNew: true,
    text: hosts
      .flatMap(({ address }) => [
        `root@${address}`,
        ...servers.map((server) => `${address}:${SERVED[server].port}`),
      ])
      .join("\n"),
  });

/** A renewal by the desk's authority; `more` says of what. */
export const renewalOf = (more: Partial<RenewalRequest>): RenewalRequest => ({
  kind: "rotate-certificate",
  certificates: [],
  endpoints: [],
  isDue: false,
  issuer: "corp",
  keyKind: null,
  makesKeyHere: false,
  challenge: null,
  described: null,
  ...more,
});
