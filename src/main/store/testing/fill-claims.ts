import { Plan } from "#shared/model/plan.ts";
import { openStore } from "#store/store.ts";
import { START } from "./make-visit.ts";

/** A run that is carried out by offline scripts, of which a result says that a key was made, and nobody has signed that. */
export function makeClaimDatabase(path: string): void {
  const store = openStore({ path, access: "write" });
  store.atomically(() => {
    const { plans, runs, journal, offline } = store.runbooks;
    const plan = Plan.parse({
      ...{
        format: "latchkey-plan-1",
        kind: "rotate-key",
        title: "Rotate",
        madeAt: START,
        oldKey: "SHA256:old",
      },
      newKey: {
        kind: "made-on-holder",
        keyType: "ed25519",
        comment: "",
        host: "vault",
        port: 22,
        path: "/k",
      },
      ...{ options: {}, hosts: [], here: [], checks: [], leftOut: [], confirm: null },
    });
    const planId = plans.take({ plan, hash: "ab".repeat(32), at: START });
    const { kind, title } = plan;
    const counts = { hosts: 1, adds: 1, changes: 0, removes: 1 };
    const run = runs.begin({ planId, token: "carried", kind, title, at: START, consents: [], counts });
    journal.addSteps(run, [
      {
        ...{ ordinal: 1, phase: "make-key", host: "vault", port: 22, batch: 0, state: "planned" },
        ...{ message: "", at: null },
      },
    ]);
    runs.setState({
      ...{ id: run, state: "waiting", message: "the results of 1 host are still to be imported (make key)" },
      ...{ byHand: [], endedAt: null },
    });
    offline.addScript({ nonce: "once", planId, host: "vault", port: 22, phases: ["make-key"], at: START });
    offline.putResult({
      ...{ digest: "d", script: 1, run, verifiedBy: null, signature: "not signed", outcome: "done", why: "" },
      ...{ endedAt: START, takenAt: START, body: new Uint8Array() },
      newKey: {
        line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICMSwu0quwdyYK/Bht1UG58PZJInaOyuyxTF4N/aWeSg",
        fingerprint: "SHA256:XKrGfRHFf4oXSPdhHdEzNq9SbXQFsVx8rsZ0sd8w3bY",
      },
    });
  });
  store.close();
}
