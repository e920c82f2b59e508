import { Button } from "@mantine/core";
import { IconCircleX, IconKey, IconLock, IconLockOpen2, IconLockPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useApi } from "#renderer/api/connection.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { Notice, Panel } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { assertNever } from "#shared/model/assert-never.ts";
import type { VaultState, VaultStatus } from "#shared/model/issuers/vault.ts";
import { useUnlockByKeyring, useVault } from "./queries.ts";
import classes from "./vault.module.css";
import { type Field, OpenVault, SecretForm } from "./vault-forms.tsx";

/** Where secrets are kept, and what opens it. */
export function VaultPanel({ isReadOnly }: { isReadOnly: boolean }) {
  const { data } = useVault();
  if (!data) return null;
  return (
    <Panel title="Vault" note={<StateTag state={data.state} />}>
      {data.problem === null ? (
        <VaultContent status={data} isReadOnly={isReadOnly} />
      ) : (
        <Notice tone="red" Icon={IconCircleX} title="The vault cannot be used">
          <p>
            <Untrusted text={data.problem} limit={1_000} />
          </p>
        </Notice>
      )}
    </Panel>
  );
}

/** What can be done with the vault as it is now. */
export function VaultContent({ status, isReadOnly }: { status: VaultStatus; isReadOnly: boolean }) {
  switch (status.state) {
    case "absent":
      return <CreateVault isReadOnly={isReadOnly} />;
    case "locked":
      return <UnlockVault status={status} isReadOnly={isReadOnly} />;
    case "open":
      return <OpenVault status={status} />;
    default:
      return assertNever(status.state);
  }
}

const TAGS = {
  absent: { tone: "gray", Icon: IconLockPlus, word: "there is none yet" },
  locked: { tone: "gray", Icon: IconLock, word: "locked" },
  open: { tone: "green", Icon: IconLockOpen2, word: "open" },
} as const;

function StateTag({ state }: { state: VaultState }) {
  const { tone, Icon, word } = TAGS[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

type Name = "passphrase" | "again" | "recovery" | "recoveryAgain";

const FIELDS: readonly Field<Name>[] = [
  { name: "passphrase", label: "Passphrase", description: "Eight characters or more" },
  { name: "again", label: "Once more", mustRepeat: "passphrase" },
  {
    name: "recovery",
    label: "Another one for recovery",
    description:
      "Opens it, too: write it down and store it safely. Without it, whoever forgets the passphrase loses all",
    mayBeEmpty: true,
  },
  { name: "recoveryAgain", label: "Once more", mustRepeat: "recovery", mayBeEmpty: true },
];

function CreateVault({ isReadOnly }: { isReadOnly: boolean }) {
  const seal = useSeal();
  const create = useMutation(useApi().vault.create.mutationOptions());
  return (
    <>
      <p className={classes.words}>
        It keeps the keys of issuers, accounts and stores, in a file beside the database that only what you
        type opens.
      </p>
      {!isReadOnly && (
        <SecretForm
          fields={FIELDS}
          does="Create the vault"
          onSubmit={async ({ passphrase, recovery }) => {
            await create.mutateAsync({
              passphrase: await seal(passphrase),
              recovery: recovery === "" ? null : await seal(recovery),
            });
            toast("The vault is made, and open");
            return null;
          }}
        />
      )}
    </>
  );
}

function UnlockVault({ status, isReadOnly }: { status: VaultStatus; isReadOnly: boolean }) {
  const seal = useSeal();
  const unlock = useMutation(useApi().vault.unlock.mutationOptions());
  const byKeyring = useUnlockByKeyring();
  if (isReadOnly) return <p className={classes.words}>Latchkey is read-only, and needs nothing of it.</p>;
  const hasRecovery = status.wraps.some(({ kind }) => kind === "recovery");
  return (
    <>
      <SecretForm
        fields={[
          { name: "passphrase", label: hasRecovery ? "Passphrase, or the one for recovery" : "Passphrase" },
        ]}
        does="Unlock"
        onSubmit={async ({ passphrase }) => {
          const { kind } = await unlock.mutateAsync({ passphrase: await seal(passphrase) });
          return kind === "open" ? null : "that does not open it";
        }}
      >
        {status.wraps.some(({ kind }) => kind === "keyring") && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconKey size={15} />}
            loading={byKeyring.isPending}
            onClick={() => byKeyring.mutate(undefined)}
          >
            Unlock by this system's keyring
          </Button>
        )}
      </SecretForm>
      {byKeyring.error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={byKeyring.error.message} />
        </p>
      )}
    </>
  );
}
