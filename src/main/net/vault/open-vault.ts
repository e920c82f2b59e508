import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  randomBytes,
  sign,
} from "node:crypto";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { KeyKind, WrapKind } from "#shared/model/issuers/vault.ts";
import type { ScryptCost, VaultContent, VaultEntry, Wrap } from "#shared/model/issuers/vault-file.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import {
  formatEntry,
  openBox,
  rewrap,
  sealBox,
  unwrapByPassphrase,
  type WrapRequest,
  wrapByKeyring,
  wrapByPassphrase,
} from "./key-wraps.ts";
import { type Masked, maskFor } from "./sealed-box.ts";
import type { About, SignHow } from "./vault.ts";
import { ChangedMeanwhile, identify, type ReadVault, readVault, writeVault } from "./vault-file.ts";

/** Secrets whose kind begins so never leave the vault process. */
const STAYS = ["account-", "authority-"];

export type VaultFileOptions = { path: string; cost: ScryptCost };

/** Works with the data key of a file. Each change is on the disk when the method returns. */
export class OpenVault {
  readonly #options: VaultFileOptions;
  #dataKey: Buffer;
  #content: VaultContent;
  #seen: string;
  /** Identity of the file when it was last read. */
  #identity: string | null = null;

  constructor(options: VaultFileOptions, { content, seen }: ReadVault, dataKey: Buffer) {
    this.#options = options;
    this.#content = content;
    this.#seen = seen;
    this.#dataKey = dataKey;
  }

  get id(): string {
    return this.#content.id;
  }

  /**
   * From now on, this passphrase opens the vault; null: no passphrase of this kind does. The old one does not open it
   * any more, not even together with an older copy of the file, because everything is encrypted with a new data key.
   */
  wrap(kind: "passphrase" | "recovery", passphrase: Redacted<Uint8Array> | null, at: Instant): void {
    const { cost } = this.#options;
    if (passphrase && this.#opensByOther(kind, passphrase))
      throw new Refusal(
        "invalid-input",
        "the recovery passphrase would be the passphrase itself; write another one",
      );
    this.#seal(kind, (request) => passphrase && wrapByPassphrase(kind, passphrase, cost, request), at);
  }

  wrapBy(keyringKey: Uint8Array | null, at: Instant): void {
    this.#seal("keyring", (request) => keyringKey && wrapByKeyring(keyringKey, request), at);
  }

  createKey(kind: KeyKind, about: About): { id: string; spki: Uint8Array } {
    const { privateKey, spki } = createKeyPair(kind);
    return { id: this.#add(privateKey, about, { kind, spki: spki.toString("base64") }), spki };
  }

  /** Takes in a private key that was made elsewhere, as its file holds it; the bytes are overwritten. */
  importKey(file: Redacted<Uint8Array>, about: About): { id: string; spki: Uint8Array } {
    const bytes = Redacted.reveal(file);
    try {
      const { kind, privateKey, spki } = readKeyFile(bytes);
      return { id: this.#add(privateKey, about, { kind, spki: spki.toString("base64") }), spki };
    } finally {
      bytes.fill(0);
    }
  }

  keep(secret: Redacted<Uint8Array>, about: About): { id: string } {
    const bytes = Redacted.reveal(secret);
    return { id: this.#add(about.kind === BINDING_KEY ? readBindingKey(bytes) : bytes, about, null) };
  }

  sign(id: string, data: Uint8Array, how: SignHow): Uint8Array {
    const entry = this.#find(id);
    const { key } = entry;
    if (!key) throw new Refusal("invalid-input", `what the vault keeps as ${id} is no private key`);
    return this.#use(entry, (secret) => signWith(secret, key.kind, data, how));
  }

  hmac(id: string, data: Uint8Array): Uint8Array {
    return this.#use(this.#find(id), (secret) => createHmac("sha256", secret).update(data).digest());
  }

  open(id: string, publicKey: Uint8Array): Masked {
    const entry = this.#find(id);
    const { kind } = entry;
    if (STAYS.some((start) => kind.startsWith(start)))
      throw new Refusal("invalid-input", `a secret of the kind ${kind} never leaves the vault`);
    return this.#use(entry, (secret) => maskFor(publicKey, secret));
  }

  forget(id: string): void {
    this.#lookAgain();
    if (this.#content.entries.some((entry) => entry.id === id))
      this.#save((content) => ({ ...content, entries: content.entries.filter((entry) => entry.id !== id) }));
  }

  #opensByOther(kind: WrapKind, passphrase: Redacted<Uint8Array>): boolean {
    const wraps = this.#content.wraps.filter((wrap) => wrap.kind !== kind);
    const dataKey = unwrapByPassphrase({ ...this.#content, wraps }, passphrase);
    dataKey?.fill(0);
    return dataKey !== null;
  }

  /** Encrypts everything again, with a new data key. */
  #seal(kind: WrapKind, wrapBy: (request: WrapRequest) => Wrap | null, since: Instant): void {
    const next = randomBytes(32);
    const change = (content: VaultContent): VaultContent => {
      const mine = wrapBy({ vault: content.id, dataKey: next, since });
      const others = content.wraps.filter((wrap) => wrap.kind !== kind);
      const wraps = others.map((wrap) => this.#rewrap(wrap, next));
      const entries = content.entries.map((entry) =>
        this.#use(entry, (secret) => ({ ...entry, ...sealBox(next, secret, formatEntry(entry)) })),
      );
      return { ...content, wraps: mine ? [...wraps, mine] : wraps, entries };
    };
    this.#save(change);
    this.#dataKey.fill(0);
    this.#dataKey = next;
  }

  #rewrap(wrap: Wrap, next: Uint8Array): Wrap {
    const again = rewrap(wrap, { vault: this.id, dataKey: this.#dataKey }, next);
    if (again) return again;
    throw new Refusal(
      "unusable",
      `what opens the vault ${this.#options.path} (${wrap.kind}) was altered; put a copy of the file in its place`,
    );
  }

  /** Keeps what other programs have written meanwhile. */
  #save(change: (content: VaultContent) => VaultContent): void {
    const { path } = this.#options;
    for (;;)
      try {
        const next = change(this.#content);
        this.#seen = writeVault(path, next, this.#seen);
        this.#content = next;
        this.#identity = null;
        return;
      } catch (error) {
        if (!(error instanceof ChangedMeanwhile && this.#readAgain())) throw error;
      }
  }

  #lookAgain(): void {
    const identity = identify(this.#options.path);
    if (identity === null || identity === this.#identity) return;
    try {
      this.#readAgain();
      this.#identity = identity;
    } catch (error) {
      // If the file was damaged meanwhile, the copy in memory is still whole.
      if (!(error instanceof Refusal && error.code === "unusable")) throw error;
    }
  }

  /** Whether the file has changed and the same data key opens it. */
  #readAgain(): boolean {
    const read = readVault(this.#options.path);
    if (!read || read.seen === this.#seen || read.content.id !== this.id) return false;
    const has = new Set(read.content.wraps.map((wrap) => JSON.stringify(wrap)));
    // A new data key means that every wrap was written anew.
    if (!this.#content.wraps.some((wrap) => has.has(JSON.stringify(wrap))))
      throw new Refusal("locked", RESEALED);
    this.#content = read.content;
    this.#seen = read.seen;
    return true;
  }

  /** Overwrites the secret. */
  #add(secret: Uint8Array, { kind, label }: About, key: VaultEntry["key"]): string {
    const named = { id: randomBytes(16).toString("hex"), kind, label, key };
    const box = sealBox(this.#dataKey, secret, formatEntry(named));
    secret.fill(0);
    this.#save((content) => ({ ...content, entries: [...content.entries, { ...named, ...box }] }));
    return named.id;
  }

  #find(id: string): VaultEntry {
    this.#lookAgain();
    const entry = this.#content.entries.find((each) => each.id === id);
    if (entry) return entry;
    throw new Refusal(
      "not-found",
      `the vault ${this.#options.path} has no secret ${id}; it may be of another database`,
    );
  }

  #use<T>(entry: VaultEntry, act: (secret: Buffer) => T): T {
    const secret = openBox(this.#dataKey, entry, formatEntry(entry));
    if (!secret)
      throw new Refusal(
        "unusable",
        `the secret ${entry.id} in the vault ${this.#options.path} was altered; put a copy of the file in its place`,
      );
    try {
      return act(secret);
    } finally {
      secret.fill(0);
    }
  }
}

const RESEALED =
  "the vault was sealed anew by another program, as its passphrase was changed; unlock it again";

/** The private key as PKCS#8, the public key as SubjectPublicKeyInfo, both in DER. */
function createKeyPair(kind: KeyKind): { privateKey: Buffer; spki: Buffer } {
  const { privateKey, publicKey } = generate(kind);
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "der" }),
    spki: publicKey.export({ type: "spki", format: "der" }),
  };
}

/** A private key of a kind that signs here. What is wrong with the file is said without anything of it. */
function readKeyFile(bytes: Uint8Array): { kind: KeyKind; privateKey: Buffer; spki: Buffer } {
  const key = openKeyFile(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  const kind = key && kindOf(key);
  if (!key || !kind)
    throw new Refusal(
      "invalid-input",
      "the key file holds no private key that can be used: PEM or PKCS#8, ECDSA P-256 or P-384, or RSA of 2048, 3072 or 4096 bits, and no passphrase on it (openssl pkey -in KEY takes it off)",
    );
  return {
    kind,
    privateKey: key.export({ type: "pkcs8", format: "der" }),
    spki: createPublicKey(key).export({ type: "spki", format: "der" }),
  };
}

function openKeyFile(file: Buffer): KeyObject | null {
  const isPem = file.includes("-----BEGIN");
  try {
    return isPem ? createPrivateKey(file) : createPrivateKey({ key: file, format: "der", type: "pkcs8" });
  } catch {
    return null;
  }
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): KeyKind | null {
  const { namedCurve, modulusLength } = asymmetricKeyDetails;
  if (asymmetricKeyType === "ec")
    return { prime256v1: "p256" as const, secp384r1: "p384" as const }[namedCurve ?? ""] ?? null;
  if (asymmetricKeyType !== "rsa") return null;
  return (
    { 2048: "rsa-2048" as const, 3072: "rsa-3072" as const, 4096: "rsa-4096" as const }[modulusLength ?? 0] ??
    null
  );
}

function generate(kind: KeyKind): KeyPairKeyObjectResult {
  switch (kind) {
    case "p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case "rsa-2048":
      return generateKeyPairSync("rsa", { modulusLength: 2_048 });
    case "rsa-3072":
      return generateKeyPairSync("rsa", { modulusLength: 3_072 });
    case "rsa-4096":
      return generateKeyPairSync("rsa", { modulusLength: 4_096 });
    case "ed25519":
      return generateKeyPairSync("ed25519");
    default:
      return assertNever(kind);
  }
}

/** RSA signs with PKCS#1 v1.5. */
function signWith(pkcs8: Buffer, kind: KeyKind, data: Uint8Array, { hash, ecdsa }: SignHow): Buffer {
  if ((hash === null) !== (kind === "ed25519"))
    throw new Refusal(
      "invalid-input",
      `a signature by a key of kind ${kind} is not made with ${hash ?? "no hash"}`,
    );
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return sign(hash, data, { key, dsaEncoding: ecdsa });
}

/** The kind of an external account binding's MAC key: it names who may have an account (RFC 8555, section 7.3.4). */
const BINDING_KEY = "account-eab";

/** Decodes base64url, in which authorities hand it out. */
export function readBindingKey(typed: Uint8Array): Uint8Array {
  const text = Buffer.from(typed).toString("latin1").trim();
  typed.fill(0);
  if (!/^[\w+/-]+={0,2}$/.test(text))
    throw new Refusal(
      "invalid-input",
      "the EAB key is no base64url; paste it whole, as the authority gave it",
    );
  return Buffer.from(text, "base64");
}
