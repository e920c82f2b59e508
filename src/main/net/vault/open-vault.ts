import { createHmac, randomBytes } from "node:crypto";
import type { Instant } from "#shared/model/instant.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { KeyKind, WrapKind } from "#shared/model/vault.ts";
import type { ScryptCost, VaultContent, VaultEntry, Wrap } from "#shared/model/vault-file.ts";
import { BINDING_KEY, readBindingKey } from "./binding-key.ts";
import { type Masked, maskFor } from "./masked-way.ts";
import { makePair, signWith } from "./private-keys.ts";
import type { About, SignHow } from "./vault.ts";
import { type ReadVault, writeVault } from "./vault-file.ts";
import { openBox, sayEntry, sealBox, type WrapWish, wrapByKeyring, wrapByPassphrase } from "./wraps.ts";

/** What never leaves the keeper, by how its kind begins. */
const STAYS = ["account-", "authority-"];

export type Place = { path: string; cost: ScryptCost };

/** What is done with the key of a file. Each change is on the disk when it is answered. */
export class OpenVault {
  readonly #place: Place;
  readonly #dataKey: Buffer;
  #content: VaultContent;
  #seen: string;

  constructor(place: Place, { content, seen }: ReadVault, dataKey: Buffer) {
    this.#place = place;
    this.#content = content;
    this.#seen = seen;
    this.#dataKey = dataKey;
  }

  get id(): string {
    return this.#content.id;
  }

  /** From now on this passphrase, or for null none of its kind. */
  wrap(kind: "passphrase" | "recovery", passphrase: Redacted<Uint8Array> | null, at: Instant): void {
    const wrap = passphrase && wrapByPassphrase(kind, passphrase, this.#place.cost, this.#wish(at));
    this.#putWrap(kind, wrap);
  }

  wrapBy(keyringKey: Uint8Array | null, at: Instant): void {
    this.#putWrap("keyring", keyringKey && wrapByKeyring(keyringKey, this.#wish(at)));
  }

  makeKey(kind: KeyKind, about: About): { id: string; spki: Uint8Array } {
    const { privateKey, spki } = makePair(kind);
    return { id: this.#add(privateKey, about, { kind, spki: spki.toString("base64") }), spki };
  }

  keep(secret: Redacted<Uint8Array>, about: About): { id: string } {
    const bytes = Redacted.reveal(secret);
    return { id: this.#add(about.kind === BINDING_KEY ? readBindingKey(bytes) : bytes, about, null) };
  }

  sign(id: string, data: Uint8Array, how: SignHow): Uint8Array {
    return this.#use(id, (secret, { key }) => {
      if (!key) throw new Refusal("invalid-input", `what the vault keeps as ${id} is no private key`);
      return signWith(secret, key.kind, data, how);
    });
  }

  hmac(id: string, data: Uint8Array): Uint8Array {
    return this.#use(id, (secret) => createHmac("sha256", secret).update(data).digest());
  }

  open(id: string, point: Uint8Array): Masked {
    return this.#use(id, (secret, { kind }) => {
      if (STAYS.some((start) => kind.startsWith(start)))
        throw new Refusal("invalid-input", `a secret of the kind ${kind} never leaves the vault`);
      return maskFor(point, secret);
    });
  }

  forget(id: string): void {
    const entries = this.#content.entries.filter((entry) => entry.id !== id);
    if (entries.length < this.#content.entries.length) this.#save({ ...this.#content, entries });
  }

  #wish(since: Instant): WrapWish {
    return { vault: this.id, dataKey: this.#dataKey, since };
  }

  #save(next: VaultContent): void {
    this.#seen = writeVault(this.#place.path, next, this.#seen);
    this.#content = next;
  }

  #putWrap(kind: WrapKind, wrap: Wrap | null): void {
    const others = this.#content.wraps.filter((each) => each.kind !== kind);
    this.#save({ ...this.#content, wraps: [...others, ...(wrap ? [wrap] : [])] });
  }

  /** Overwrites the secret. */
  #add(secret: Uint8Array, { kind, label }: About, key: VaultEntry["key"]): string {
    const named = { id: randomBytes(16).toString("hex"), kind, label, key };
    const box = sealBox(this.#dataKey, secret, sayEntry(named));
    secret.fill(0);
    this.#save({ ...this.#content, entries: [...this.#content.entries, { ...named, ...box }] });
    return named.id;
  }

  #use<T>(id: string, act: (secret: Buffer, entry: VaultEntry) => T): T {
    const { path } = this.#place;
    const entry = this.#content.entries.find((each) => each.id === id);
    if (!entry)
      throw new Refusal("not-found", `the vault ${path} has no secret ${id}; it may be of another database`);
    const secret = openBox(this.#dataKey, entry, sayEntry(entry));
    if (!secret)
      throw new Refusal(
        "unusable",
        `the secret ${id} in the vault ${path} was altered; put a copy of the file in its place`,
      );
    try {
      return act(secret, entry);
    } finally {
      secret.fill(0);
    }
  }
}
