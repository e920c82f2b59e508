import { Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { VaultStatus } from "#shared/model/vault.ts";
import { SecretForm } from "./secret-form.tsx";
import classes from "./vault.module.css";
import { useUnlockByKeyring } from "./vault-queries.ts";

export function UnlockVault({ status, isReadOnly }: { status: VaultStatus; isReadOnly: boolean }) {
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
