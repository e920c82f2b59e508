import { printPem, readPem } from "#codec/pem.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { ChallengeInput } from "#shared/contract/issuers.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { IssuerId, IssuerKind } from "#shared/model/issuers/issuer.ts";
import type { Sealed } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import { keepChallenge, readRootsFile, secretsOfChallenge } from "./issuer-settings.ts";
import { importAuthority, type MadeAuthority, makeAuthority } from "./kinds/local.ts";

type Deps = WriterDeps & {
  /** Adds a root of ours to those that verdicts use. */
  giveRoot: (name: string, pem: string) => Promise<void>;
};

type LocalRequest = { name: string; permitted: readonly string[]; daysValid: number };
type ImportRequest = LocalRequest & { certificate: string; key: Sealed };
type CsrRequest = { name: string; note: string };
type AcmeRequest = {
  name: string;
  directory: string;
  contacts: readonly string[];
  eab: { keyId: string; key: Sealed } | null;
  agreesToTerms: boolean;
  profile: string | null;
  roots: string | null;
  challenge: ChallengeInput | null;
};

/** Adds issuers. Their secrets are made in the vault, or go straight there. */
export function createIssuerAdding({ giveRoot, ...deps }: Deps) {
  const { store, vault, now } = deps;
  const { refuseTwin, write, keeping } = createIssuerWriter(deps);
  return { addLocal, importLocal, addAcme, addCsr };

  async function addLocal({ name, permitted, daysValid }: LocalRequest): Promise<IssuerId> {
    refuseTwin(name);
    const made = await makeAuthority(vault, { name, permitted, now: now() });
    return writeLocal(made, { name, daysValid, isImported: false });
  }

  async function importLocal({
    name,
    permitted,
    daysValid,
    certificate,
    key,
  }: ImportRequest): Promise<IssuerId> {
    refuseTwin(name);
    const certificates = readPem(Buffer.from(certificate, "base64")).ders;
    const made = await importAuthority(vault, { name, permitted, certificates, key, now: now() });
    return writeLocal(made, { name, daysValid, isImported: true });
  }

  async function writeLocal(
    made: MadeAuthority,
    { name, daysValid, isImported }: { name: string; daysValid: number; isImported: boolean },
  ): Promise<IssuerId> {
    const secrets = [...(made.rootSecret === null ? [] : [made.rootSecret]), made.intermediateSecret];
    const id = await keeping(secrets, () =>
      write({ name, kind: "local", note: "" }, { permitted: made.permitted, isImported }, (issuer) =>
        store.issuers.local.add(issuer, { ...made, daysValid }),
      ),
    );
    await giveRoot(`authority ${name}`, printPem(made.root));
    return id;
  }

  async function addAcme({
    name,
    eab,
    roots,
    challenge: challengeRequest,
    ...request
  }: AcmeRequest): Promise<IssuerId> {
    refuseTwin(name);
    const settings = { ...request, roots: readRootsFile(roots), account: null, eabKeyId: eab?.keyId ?? null };
    const made: string[] = [];
    return keeping(made, async () => {
      const binding =
        eab && (await vault.keep(eab.key, { kind: "account-eab", label: `EAB key of ${name}` }));
      if (binding) made.push(binding.id);
      const key = await vault.createKey("p256", { kind: "account-acme", label: `account of ${name}` });
      made.push(key.id);
      const challenge = await keepChallenge(vault, name, challengeRequest);
      made.push(...secretsOfChallenge(challenge));
      const secrets = { accountSecret: key.id, accountKey: key.spki, eabSecret: binding?.id ?? null };
      return write({ name, kind: "acme", note: "" }, { directory: request.directory }, (issuer) =>
        store.issuers.acme.add(issuer, { ...settings, ...secrets, challenge }),
      );
    });
  }

  function addCsr({ name, note }: CsrRequest): Promise<IssuerId> {
    return write({ name, kind: "csr", note }, { note }, () => undefined);
  }
}

type WriterDeps = { store: Store; vault: Vault; now: () => Date };

/** Stores new issuers, each with its settings or not at all. */
function createIssuerWriter({ store, vault, now }: WriterDeps) {
  return { refuseTwin, write, keeping };

  function refuseTwin(name: string): void {
    if (store.issuers.findByName(name))
      throw new Refusal(
        "conflict",
        `there is an issuer ${name} already; give it another name, or remove that one`,
      );
  }

  function write(
    { name, kind, note }: { name: string; kind: IssuerKind; note: string },
    detail: object,
    add: (issuer: IssuerId) => void,
  ): Promise<IssuerId> {
    return store.queueWrite(() => {
      refuseTwin(name);
      const createdAt = toInstant(now());
      const id = store.issuers.add({ name, kind, createdAt, note });
      add(id);
      store.events.append({ at: createdAt, kind: "issuer-added", detail: { name, kind, ...detail } });
      return id;
    });
  }

  /** The vault keeps no secret of an issuer that could not be added. */
  async function keeping<T>(secrets: readonly string[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      for (const id of secrets) await vault.forget(id);
      throw error;
    }
  }
}
