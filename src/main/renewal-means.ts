import { ORPCError } from "@orpc/server";
import keystoresScript from "#resources/rotation/keystores.sh?raw";
import pairScript from "#resources/rotation/pair.sh?raw";
import pairStageScript from "#resources/rotation/pair-stage.sh?raw";
import pairTurnScript from "#resources/rotation/pair-turn.sh?raw";
import serversScript from "#resources/rotation/servers.sh?raw";
import serversCommonScript from "#resources/rotation/servers-common.sh?raw";
import serversDataScript from "#resources/rotation/servers-data.sh?raw";
import serversDescribedScript from "#resources/rotation/servers-described.sh?raw";
import serversHaproxyScript from "#resources/rotation/servers-haproxy.sh?raw";
import serversMailScript from "#resources/rotation/servers-mail.sh?raw";
import serversTellScript from "#resources/rotation/servers-tell.sh?raw";
import serversTryScript from "#resources/rotation/servers-try.sh?raw";
import serversWebScript from "#resources/rotation/servers-web.sh?raw";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { writeTarget } from "#shared/text/target.ts";
import { indexCertificates } from "./domain/x509/path/certificate-index.ts";
import { publicRoots } from "./features/scans/recording/public-roots.ts";
import { challengeScript } from "./host-scripts.ts";
import { answer } from "./net/challenges/answer.ts";
import type { OrderCertificate } from "./net/issuing/order.ts";
import { createChainsAt } from "./net/tls/chains-at.ts";
import type { TlsProber } from "./net/tls/probe-endpoint.ts";
import type { Vault } from "./net/vault/vault.ts";
import type { Store } from "./store/store.ts";

/** What a hand knows of servers, their files, and challenges: read after the rest of it. */
export const SERVER_SCRIPTS = [
  pairScript,
  pairStageScript,
  pairTurnScript,
  serversScript,
  serversTellScript,
  serversWebScript,
  serversHaproxyScript,
  serversCommonScript,
  serversTryScript,
  serversDescribedScript,
  serversMailScript,
  serversDataScript,
  keystoresScript,
  challengeScript,
];

type Deps = {
  store: Store;
  vault: Vault;
  prober: TlsProber;
  order: OrderCertificate;
  client: () => LatchkeyClient;
  now: () => Date;
};

/** What certificates are planned and renewed with. */
export const renewalMeans = ({ store, vault, prober, order, client, now }: Deps) => ({
  order,
  answer,
  vault,
  chainsAt: createChainsAt(prober),
  greet: (endpoints: readonly TlsTarget[]) => greetAll(client(), endpoints),
  issuers: () => client().issuers.known(),
  askWindow: (issuer: string, sha256: string) => askWindow(client(), issuer, sha256),
  roots: () => indexCertificates([...publicRoots().all.map(({ der }) => der), ...store.trust.ders("root")]),
  derOf: (sha256: string) => store.certificates.find(sha256, now())?.der ?? null,
  issuerOf: store.runbooks.certificates.issuerOf,
});

async function askWindow(client: LatchkeyClient, name: string, certificate: string) {
  try {
    const { window } = await client.issuers.renewal({ name, certificate });
    return { kind: "said", from: window?.from ?? null } as const;
  } catch (error) {
    if (error instanceof ORPCError) return { kind: "unasked", message: error.message } as const;
    throw error;
  }
}

async function greetAll(client: LatchkeyClient, endpoints: readonly TlsTarget[]): Promise<void> {
  if (endpoints.length === 0) return;
  const announcements = await client.events.watch();
  const { scanId } = await client.scans.start({ text: endpoints.map(writeTarget).join("\n") });
  for await (const announced of announcements)
    if (announced.kind === "scan-finished" && announced.scanId === scanId) break;
}
