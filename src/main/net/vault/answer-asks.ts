import { assertNever } from "#shared/model/assert-never.ts";
import type { Sealed } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";
import { createVaultFile, openByKeyring, openByPassphrase } from "./find-vault.ts";
import type { Answers, Ask } from "./keeper-messages.ts";
import { readLockMark } from "./lock-mark.ts";
import type { OpenVault, VaultFileOptions } from "./open-vault.ts";
import { dropKeyringKey, putKeyringKey } from "./os-keyring.ts";
import { type Passphrase, passphraseForms, plainPassphrase } from "./passphrase-forms.ts";
import { createReceiver } from "./sealed-box.ts";
import { LOCKED } from "./vault.ts";

const LEAST_PASSPHRASE_BYTES = 8;

type AskOf<What extends Ask["what"]> = Extract<Ask, { what: What }>;

/** Answers what a keeper is asked, and holds what it knows. */
export class Answerer {
  readonly #place: VaultFileOptions;
  readonly #receiver = createReceiver();
  #vault: OpenVault | null = null;
  #mark: string | null = null;

  constructor(place: VaultFileOptions) {
    this.#place = place;
  }

  /** By another program, since it was opened. */
  isLocked(): boolean {
    return this.#vault !== null && readLockMark(this.#place.path) !== this.#mark;
  }

  async answer(ask: Ask): Promise<Answers[Ask["what"]]> {
    switch (ask.what) {
      case "receiver":
        return this.#receiver.receiver;
      case "create":
        return this.#create(ask);
      case "unlock":
        return this.#unlock(ask.passphrase) ? "open" : "wrong";
      case "unlock-by-keyring":
        return this.#unlockByKeyring();
      case "change":
        return this.#change(ask);
      case "set-keyring":
        await setKeyring(this.#open(), ask);
        return null;
      default:
        return this.#answerOpen(this.#open(), ask);
    }
  }

  #answerOpen(
    vault: OpenVault,
    ask: AskOf<"make-key" | "keep" | "sign" | "hmac" | "open" | "forget">,
  ): Answers[Ask["what"]] {
    switch (ask.what) {
      case "make-key":
        return vault.makeKey(ask.kind, ask.about);
      case "keep":
        return vault.keep(this.#receiver.open(ask.secret), ask.about);
      case "sign":
        return vault.sign(ask.id, ask.data, ask.how);
      case "hmac":
        return vault.hmac(ask.id, ask.data);
      case "open":
        return vault.open(ask.id, ask.point);
      case "forget":
        vault.forget(ask.id);
        return null;
      default:
        return assertNever(ask);
    }
  }

  #create({ passphrase, recovery, at }: AskOf<"create">): null {
    this.#withPassphrase(passphrase, (first) => {
      if (!recovery) return this.#begin(() => createVaultFile(this.#place, first, null, at));
      return this.#withPassphrase(recovery, (second) => {
        if (Buffer.from(Redacted.reveal(first)).equals(Redacted.reveal(second)))
          throw new Refusal(
            "invalid-input",
            "the recovery passphrase is the passphrase itself; write another one",
          );
        return this.#begin(() => createVaultFile(this.#place, first, second, at));
      });
    });
    return null;
  }

  async #unlockByKeyring(): Promise<null> {
    const mark = readLockMark(this.#place.path);
    this.#vault = await openByKeyring(this.#place);
    this.#mark = mark;
    return null;
  }

  #unlock(sealed: Sealed): OpenVault | null {
    const typed = this.#receiver.open(sealed);
    const forms = passphraseForms(typed);
    try {
      for (const form of forms) {
        const opened = this.#begin(() => openByPassphrase(this.#place, form));
        if (opened) return opened;
      }
      return null;
    } finally {
      for (const form of [typed, ...forms]) Redacted.reveal(form).fill(0);
    }
  }

  /** A lock by another program counts from before it was opened. */
  #begin<Opened extends OpenVault | null>(open: () => Opened): Opened {
    const mark = readLockMark(this.#place.path);
    const opened = open();
    if (opened) {
      this.#vault = opened;
      this.#mark = mark;
    }
    return opened;
  }

  #change({ kind, current, next, at }: AskOf<"change">): "changed" | "wrong" {
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

async function setKeyring(vault: OpenVault, { isUsed, at }: AskOf<"set-keyring">): Promise<void> {
  if (!isUsed) {
    // First, for without it what the keyring has opens nothing.
    vault.wrapBy(null, at);
    return dropKeyringKey(vault.id);
  }
  const key = await putKeyringKey(vault.id);
  vault.wrapBy(key, at);
  key.fill(0);
}
