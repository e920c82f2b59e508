import { isAscii, isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Sealed } from "#shared/model/issuers/vault.ts";
import { VAULT_FORMAT, VAULT_VERSION, type VaultContent } from "#shared/model/issuers/vault-file.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted, secretCopy } from "#shared/model/secret.ts";
import {
  dropKeyringKey,
  getKeyringKey,
  putKeyringKey,
  unwrapByKeyring,
  unwrapByPassphrase,
  wrapByPassphrase,
} from "./key-wraps.ts";
import { OpenVault, type VaultFileOptions } from "./open-vault.ts";
import { createReceiver } from "./sealed-box.ts";
import { type Answers, LOCKED, type VaultRequest } from "./vault.ts";
import { type ReadVault, readLockMark, readVault, writeVault } from "./vault-file.ts";

const LEAST_PASSPHRASE_BYTES = 8;

type RequestOf<What extends VaultRequest["what"]> = Extract<VaultRequest, { what: What }>;

/** Answers the requests to a vault process, and holds the open vault. */
export class Answerer {
  readonly #options: VaultFileOptions;
  readonly #receiver = createReceiver();
  #vault: OpenVault | null = null;
  #mark: string | null = null;

  constructor(options: VaultFileOptions) {
    this.#options = options;
  }

  /** Whether another program has locked the vault since it was opened here. */
  isLocked(): boolean {
    return this.#vault !== null && readLockMark(this.#options.path) !== this.#mark;
  }

  async answer(request: VaultRequest): Promise<Answers[VaultRequest["what"]]> {
    switch (request.what) {
      case "receiver":
        return this.#receiver.receiver;
      case "create":
        return this.#create(request);
      case "unlock":
        return this.#unlock(request.passphrase) ? "open" : "wrong";
      case "unlock-by-keyring":
        return this.#unlockByKeyring();
      case "change":
        return this.#change(request);
      case "set-keyring":
        await setKeyring(this.#open(), request);
        return null;
      default:
        return this.#answerOpen(this.#open(), request);
    }
  }

  #answerOpen(
    vault: OpenVault,
    request: RequestOf<"create-key" | "import-key" | "keep" | "sign" | "hmac" | "open" | "forget">,
  ): Answers[VaultRequest["what"]] {
    switch (request.what) {
      case "create-key":
        return vault.createKey(request.kind, request.about);
      case "import-key":
        return vault.importKey(this.#receiver.open(request.secret), request.about);
      case "keep":
        return vault.keep(this.#receiver.open(request.secret), request.about);
      case "sign":
        return vault.sign(request.id, request.data, request.how);
      case "hmac":
        return vault.hmac(request.id, request.data);
      case "open":
        return vault.open(request.id, request.publicKey);
      case "forget":
        vault.forget(request.id);
        return null;
      default:
        return assertNever(request);
    }
  }

  #create({ passphrase, recovery, at }: RequestOf<"create">): null {
    this.#withPassphrase(passphrase, (first) => {
      if (!recovery) return this.#begin(() => createVaultFile(this.#options, first, null, at));
      return this.#withPassphrase(recovery, (second) => {
        if (Buffer.from(Redacted.reveal(first)).equals(Redacted.reveal(second)))
          throw new Refusal(
            "invalid-input",
            "the recovery passphrase is the passphrase itself; write another one",
          );
        return this.#begin(() => createVaultFile(this.#options, first, second, at));
      });
    });
    return null;
  }

  async #unlockByKeyring(): Promise<null> {
    const mark = readLockMark(this.#options.path);
    this.#vault = await openByKeyring(this.#options);
    this.#mark = mark;
    return null;
  }

  #unlock(sealed: Sealed): OpenVault | null {
    const typed = this.#receiver.open(sealed);
    const forms = passphraseForms(typed);
    try {
      for (const form of forms) {
        const opened = this.#begin(() => openByPassphrase(this.#options, form));
        if (opened) return opened;
      }
      return null;
    } finally {
      for (const form of [typed, ...forms]) Redacted.reveal(form).fill(0);
    }
  }

  /** The mark is read before opening, so that a lock by another program meanwhile counts. */
  #begin<Opened extends OpenVault | null>(open: () => Opened): Opened {
    const mark = readLockMark(this.#options.path);
    const opened = open();
    if (opened) {
      this.#vault = opened;
      this.#mark = mark;
    }
    return opened;
  }

  #change({ kind, current, next, at }: RequestOf<"change">): "changed" | "wrong" {
    if (!next && kind === "passphrase") throw new Refusal("invalid-input", "a vault needs a passphrase");
    const vault = this.#unlock(current);
    if (!vault) return "wrong";
    if (next) this.#withPassphrase(next, (passphrase) => vault.wrap(kind, passphrase, at));
    else vault.wrap(kind, null, at);
    return "changed";
  }

  #withPassphrase<T>(sealed: Sealed, act: (passphrase: Passphrase) => T): T {
    const typed = this.#receiver.open(sealed);
    const passphrase = plainPassphrase(typed);
    const bytes = Redacted.reveal(passphrase);
    try {
      if (bytes.length < LEAST_PASSPHRASE_BYTES)
        throw new Refusal(
          "invalid-input",
          `the passphrase is shorter than ${LEAST_PASSPHRASE_BYTES} characters; write a longer one`,
        );
      return act(passphrase);
    } finally {
      for (const each of [bytes, Redacted.reveal(typed)]) each.fill(0);
    }
  }

  #open(): OpenVault {
    if (this.#vault && !this.isLocked()) return this.#vault;
    throw new Refusal("locked", LOCKED);
  }
}

async function setKeyring(vault: OpenVault, { isUsed, at }: RequestOf<"set-keyring">): Promise<void> {
  if (!isUsed) {
    // First: once the vault has no wrap for it, the key in the keyring opens nothing.
    vault.wrapBy(null, at);
    return dropKeyringKey(vault.id);
  }
  const key = await putKeyringKey(vault.id);
  vault.wrapBy(key, at);
  key.fill(0);
}

type Passphrase = Redacted<Uint8Array>;

/** The passphrase in Unicode's composed form (NFC). A copy, like the ones below. */
const plainPassphrase = (typed: Passphrase): Passphrase => writeAs("NFC", Redacted.reveal(typed));

/** All forms in which the vault's creator may have encoded it: NFC, as typed, and NFD. */
function passphraseForms(typed: Passphrase): Passphrase[] {
  const bytes = Redacted.reveal(typed);
  const own = new Redacted<Uint8Array>(secretCopy(bytes));
  if (isAscii(bytes)) return [own];
  const forms = [plainPassphrase(typed), own, writeAs("NFD", bytes)];
  const texts = forms.map((form) => Buffer.from(Redacted.reveal(form)));
  return forms.filter((_, at) => texts.findIndex((text) => text.equals(texts[at] as Buffer)) === at);
}

/** Bytes that are no text stay as they are. The string stays in the vault process, and ends with it. */
function writeAs(form: "NFC" | "NFD", bytes: Uint8Array): Passphrase {
  if (isAscii(bytes) || !isUtf8(bytes)) return new Redacted<Uint8Array>(secretCopy(bytes));
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString().normalize(form);
  return new Redacted<Uint8Array>(Buffer.from(text));
}

/** Creates a new vault. Refused if there is a file already. */
export function createVaultFile(
  options: VaultFileOptions,
  passphrase: Passphrase,
  recovery: Passphrase | null,
  since: Instant,
): OpenVault {
  const { path, cost } = options;
  if (readVault(path))
    throw new Refusal("conflict", `there is a vault already: ${path}; unlock it, or put it away first`);
  const dataKey = randomBytes(32);
  const id = randomBytes(16).toString("hex");
  const request = { vault: id, dataKey, since };
  const wraps = [wrapByPassphrase("passphrase", passphrase, cost, request)];
  if (recovery) wraps.push(wrapByPassphrase("recovery", recovery, cost, request));
  const content: VaultContent = { format: VAULT_FORMAT, version: VAULT_VERSION, id, wraps, entries: [] };
  return new OpenVault(options, { content, seen: writeVault(path, content, null) }, dataKey);
}

/** Null if it is neither of the file's passphrases. */
export function openByPassphrase(options: VaultFileOptions, passphrase: Passphrase): OpenVault | null {
  const read = readOrRefuse(options);
  const dataKey = unwrapByPassphrase(read.content, passphrase);
  return dataKey && new OpenVault(options, read, dataKey);
}

async function openByKeyring(options: VaultFileOptions): Promise<OpenVault> {
  const read = readOrRefuse(options);
  if (!read.content.wraps.some(({ kind }) => kind === "keyring"))
    throw new Refusal(
      "not-found",
      "the system's keyring does not open this vault; unlock it with the passphrase",
    );
  const key = await getKeyringKey(read.content.id);
  const dataKey = unwrapByKeyring(read.content, key);
  key.fill(0);
  if (dataKey) return new OpenVault(options, read, dataKey);
  throw new Refusal(
    "conflict",
    "what the system's keyring has is not the key of this vault; unlock it with the passphrase",
  );
}

function readOrRefuse({ path }: VaultFileOptions): ReadVault {
  const read = readVault(path);
  if (read) return read;
  throw new Refusal("not-found", `there is no vault ${path} yet; create it (latchkey vault create)`);
}
