import { z } from "zod";
import { Receiver, Sealed, SecretId, VaultStatus } from "../model/issuers/vault.ts";
import { command, query } from "./procedure.ts";

const Changed = z.object({ kind: z.enum(["changed", "wrong"]) });

/** Passphrases come sealed to `receiver`; no reply ever has a secret of the vault. */
export const vault = {
  status: query.output(VaultStatus),

  /** The key that what is typed is sealed to. It changes when the vault locks itself. */
  receiver: query.output(Receiver),

  /** Creates a vault and opens it. Without a recovery passphrase, nobody can open it once the first is forgotten. */
  create: command.input(z.object({ passphrase: Sealed, recovery: Sealed.nullable() })).output(z.object({})),

  /** By the passphrase, or by the recovery passphrase. */
  unlock: command
    .input(z.object({ passphrase: Sealed }))
    .output(z.object({ kind: z.enum(["open", "wrong"]) })),

  unlockByKeyring: command.output(z.object({})),

  /** Answers once the process that knew the vault's key has ended. */
  lock: command.output(z.object({ wasOpen: z.boolean() })),

  /** `current` is either passphrase. */
  changePassphrase: command.input(z.object({ current: Sealed, next: Sealed })).output(Changed),

  /** Sets another recovery passphrase; null removes it. */
  changeRecovery: command.input(z.object({ current: Sealed, next: Sealed.nullable() })).output(Changed),

  /**
   * The kept passphrases of keystores (`runs.keepPassphrase`), by which keystore each is for; also while the vault is
   * locked.
   */
  passphrases: query.output(z.array(z.object({ id: SecretId, label: z.string() }))),

  /** A plan or a run that names it can install nothing any more. */
  forgetPassphrase: command.input(z.object({ id: SecretId })).output(z.object({})),

  /** Whether the keyring of the operating system opens the vault, too. */
  setKeyring: command.input(z.object({ isUsed: z.boolean() })).output(z.object({})),
};
