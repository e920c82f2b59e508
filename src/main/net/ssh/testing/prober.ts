import { setTimeout as pause } from "node:timers/promises";
import { gatherIdentities } from "#net/ssh/identities.ts";
import { logIn } from "#net/ssh/log-in.ts";

type Wish = { address: string; user: string; keyFile: string };

/** Between two logins, so that there are five a second and more. */
const PAUSE_MS = 100;

/** Logs in with a key that nobody changes, over one fresh connection after the other, until it is stopped. */
export async function startProber({ address, user, keyFile }: Wish) {
  const { identities } = await gatherIdentities({
    identityFiles: [keyFile],
    home: "/nonexistent",
    agentSocket: null,
  });
  const controller = new AbortController();
  const failures: string[] = [];
  let logins = 0;
  const probing = probe();
  return {
    failures,
    logins: () => logins,
    async [Symbol.asyncDispose]() {
      controller.abort(new Error("the prober was stopped"));
      await probing;
    },
  };

  async function probe(): Promise<void> {
    while (!controller.signal.aborted) {
      const met = await logIn({
        ...{ target: { host: address, port: 22 }, way: { addresses: [address] }, user, identities },
        ...{ verifyHostKey: () => ({ kind: "trusted" }), hostKeyTypes: ["ssh-ed25519"] },
        ...{ limits: { connectMs: 10_000, readyMs: 20_000 }, signal: controller.signal },
      }).catch(() => null);
      if (met === null) return;
      if ("client" in met) {
        logins++;
        await met.close();
      } else failures.push(met.message);
      await pause(PAUSE_MS);
    }
  }
}
