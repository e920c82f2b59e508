import { assertNever } from "#shared/model/assert-never.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Sealed } from "#shared/model/vault.ts";
import { createVaultFile, openByKeyring, openByPassphrase } from "./find-vault.ts";
import type { Answers, Ask } from "./keeper-messages.ts";
import type { OpenVault, Place } from "./open-vault.ts";
import { dropKeyringKey, putKeyringKey } from "./os-keyring.ts";
import { createReceiver } from "./sealed-box.ts";
import { LOCKED } from "./vault.ts";

const LEAST_PASSPHRASE_BYTES = 8;

type Passphrase = Redacted<Uint8Array>;
type Asked<What extends Ask["what"]> = Extract<Ask, { what: What }>;

/** Answers what a keeper is asked, and holds what it knows. */
export class Answerer {
  readonly #place: Place;
  readonly #receiver = createReceiver();
  #vault: OpenVault | null = null;

  constructor(place: Place) {
    this.#place = place;
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
        this.#vault = await openByKeyring(this.#place);
        return null;
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
    ask: Asked<"make-key" | "keep" | "sign" | "hmac" | "open" | "forget">,
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

  #create({ passphrase, recovery, at }: Asked<"create">): null {
    this.#vault = this.#withPassphrase(passphrase, (first) => {
      if (!recovery) return createVaultFile(this.#place, first, null, at);
      return this.#withPassphrase(recovery, (second) => {
        if (Buffer.from(Redacted.reveal(first)).equals(Redacted.reveal(second)))
          throw new Refusal(
            "invalid-input",
            "the recovery passphrase is the passphrase itself; write another one",
          );
        return createVaultFile(this.#place, first, second, at);
      });
    });
    return null;
  }

  #unlock(sealed: Sealed): OpenVault | null {
    const typed = this.#receiver.open(sealed);
    try {
      const opened = openByPassphrase(this.#place, typed);
      if (opened) this.#vault = opened;
      return opened;
    } finally {
      Redacted.reveal(typed).fill(0);
    }
  }

  #change({ kind, current, next, at }: Asked<"change">): "changed" | "wrong" {
    if (!next && kind === "passphrase") throw new Refusal("invalid-input", "a vault needs a passphrase");
    const vault = this.#unlock(current);
    if (!vault) return "wrong";
    if (next) this.#withPassphrase(next, (passphrase) => vault.wrap(kind, passphrase, at));
    else vault.wrap(kind, null, at);
    return "changed";
  }

  #withPassphrase<T>(sealed: Sealed, act: (passphrase: Passphrase) => T): T {
    const passphrase = this.#receiver.open(sealed);
    const bytes = Redacted.reveal(passphrase);
    try {
      if (bytes.length < LEAST_PASSPHRASE_BYTES)
        throw new Refusal(
          "invalid-input",
          `the passphrase is shorter than ${LEAST_PASSPHRASE_BYTES} characters; write a longer one`,
        );
      return act(passphrase);
    } finally {
      bytes.fill(0);
    }
  }

  #open(): OpenVault {
    if (this.#vault) return this.#vault;
    throw new Refusal("locked", LOCKED);
  }
}

async function setKeyring(vault: OpenVault, { isUsed, at }: Asked<"set-keyring">): Promise<void> {
  if (!isUsed) {
    // First, for without it what the keyring has opens nothing.
    vault.wrapBy(null, at);
    return dropKeyringKey(vault.id);
  }
  const key = await putKeyringKey(vault.id);
  vault.wrapBy(key, at);
  key.fill(0);
}
