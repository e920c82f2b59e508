import { printPem } from "#codec/pem.ts";
import type { GivenChallenge } from "#shared/contract/issuers.ts";
import type { IssuerId } from "#shared/model/issuer.ts";
import type { Sealed } from "#shared/model/vault.ts";
import { readGivenRoots } from "./given-roots.ts";
import { keepChallenge, secretOfWay } from "./issuer-challenge.ts";
import { createIssuerWriter, type WriterDeps } from "./issuer-writer.ts";
import { makeAuthority } from "./kinds/local-authority.ts";

type Deps = WriterDeps & {
  /** Has our own verdicts go by a root of ours. */
  giveRoot: (name: string, pem: string) => Promise<void>;
};

type LocalWish = { name: string; permitted: readonly string[]; daysValid: number };
type CsrWish = { name: string; note: string };
type AcmeWish = {
  name: string;
  directory: string;
  contacts: readonly string[];
  eab: { keyId: string; key: Sealed } | null;
  agreesToTerms: boolean;
  profile: string | null;
  roots: string | null;
  challenge: GivenChallenge | null;
};

/** Takes issuers up. What is secret of them is made in the vault, or goes straight there. */
export function createIssuerAdding({ giveRoot, ...deps }: Deps) {
  const { store, vault, now } = deps;
  const { refuseTwin, write, keeping } = createIssuerWriter(deps);
  return { addLocal, addAcme, addCsr };

  async function addLocal({ name, permitted, daysValid }: LocalWish): Promise<IssuerId> {
    refuseTwin(name);
    const made = await makeAuthority(vault, { name, permitted, now: now() });
    const secrets = [made.rootSecret, made.intermediateSecret];
    const id = await keeping(secrets, () =>
      write({ name, kind: "local", note: "" }, { permitted: made.permitted }, (issuer) =>
        store.issuers.local.add(issuer, { ...made, daysValid }),
      ),
    );
    await giveRoot(`authority ${name}`, printPem(made.root));
    return id;
  }

  async function addAcme({ name, eab, roots, challenge: given, ...wish }: AcmeWish): Promise<IssuerId> {
    refuseTwin(name);
    const settings = { ...wish, roots: readGivenRoots(roots), account: null, eabKeyId: eab?.keyId ?? null };
    const made: string[] = [];
    return keeping(made, async () => {
      const binding =
        eab && (await vault.keep(eab.key, { kind: "account-eab", label: `EAB key of ${name}` }));
      if (binding) made.push(binding.id);
      const key = await vault.makeKey("p256", { kind: "account-acme", label: `account of ${name}` });
      made.push(key.id);
      const challenge = await keepChallenge(vault, name, given);
      made.push(...secretOfWay(challenge));
      const secrets = { accountSecret: key.id, accountKey: key.spki, eabSecret: binding?.id ?? null };
      return write({ name, kind: "acme", note: "" }, { directory: wish.directory }, (issuer) =>
        store.issuers.acme.add(issuer, { ...settings, ...secrets, challenge }),
      );
    });
  }

  function addCsr({ name, note }: CsrWish): Promise<IssuerId> {
    return write({ name, kind: "csr", note }, { note }, () => undefined);
  }
}
