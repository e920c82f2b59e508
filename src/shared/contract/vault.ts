import { z } from "zod";
import { Receiver, Sealed, SecretId, VaultStatus } from "../model/issuers/vault.ts";
import { command, query } from "./procedure.ts";

const Changed = z.object({ kind: z.enum(["changed", "wrong"]) });

/** Passphrases come sealed to `receiver`; nothing that is kept is ever in a reply. */
export const vault = {
  status: query.output(VaultStatus),

  /** To whom what is typed is sealed. It changes when the vault locks itself. */
  receiver: query.output(Receiver),

  /** A new vault, and open. Without a recovery passphrase there is no way in for whoever forgets the first. */
  create: command.input(z.object({ passphrase: Sealed, recovery: Sealed.nullable() })).output(z.object({})),

  /** By the passphrase, or by the recovery passphrase. */
  unlock: command
    .input(z.object({ passphrase: Sealed }))
    .output(z.object({ kind: z.enum(["open", "wrong"]) })),

  unlockByKeyring: command.output(z.object({})),

  /** Answers when the process that knew is gone. */
  lock: command.output(z.object({ wasOpen: z.boolean() })),

  /** `current` is either passphrase. */
  changePassphrase: command.input(z.object({ current: Sealed, next: Sealed })).output(Changed),

  /** Another recovery passphrase, or for null none any more. */
  changeRecovery: command.input(z.object({ current: Sealed, next: Sealed.nullable() })).output(Changed),

  /** Passphrases of keystores that are kept (`runs.keepPassphrase`), by which keystore each is for; also while it is locked. */
  passphrases: query.output(z.array(z.object({ id: SecretId, label: z.string() }))),

  /** Of a plan or a run that names it nothing can be put in place any more. */
  forgetPassphrase: command.input(z.object({ id: SecretId })).output(z.object({})),

  /** Whether the keyring of the operating system opens the vault, too. */
  setKeyring: command.input(z.object({ isUsed: z.boolean() })).output(z.object({})),
};
