import { wishOfChange } from "#domain/rotation/plan/certificates/recheck-renewal.ts";
import type { RenewalWish } from "#shared/contract/runbooks.ts";
import type { Plan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import type { SoughtRenewal } from "./seek-renewal.ts";

/** What a plan from elsewhere is about: its own certificates of its own hosts, each with what is wished of it. */
export function seekTaken(
  { hosts }: Plan,
  { hostAt }: Pick<Store["runbooks"]["facts"], "hostAt">,
): SoughtRenewal {
  return {
    leftOut: [],
    said: [],
    hosts: hosts.map(({ host, port, certificates = [] }) => {
      const known = hostAt(host, port);
      if (!known) throw new Refusal("not-found", `the host ${host}:${port} is not known; scan it first`);
      const wishes = new Map<string, RenewalWish>();
      for (const change of certificates) {
        const wish = wishOfChange(change);
        if (!wish)
          throw new Refusal("invalid-input", "the plan was edited: nobody could have wished it; plan anew");
        wishes.set(change.old, wish);
      }
      return { known, certificates: [...wishes.keys()], wishes };
    }),
  };
}
