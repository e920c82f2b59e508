import { useMutation } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { toast } from "#renderer/ui/toast.tsx";
import { type Field, SecretForm } from "./secret-form.tsx";
import classes from "./vault.module.css";

type Name = "passphrase" | "again" | "recovery" | "recoveryAgain";

const FIELDS: readonly Field<Name>[] = [
  { name: "passphrase", label: "Passphrase", description: "Eight characters or more" },
  { name: "again", label: "Once more", mustRepeat: "passphrase" },
  {
    name: "recovery",
    label: "Another one for recovery",
    description:
      "Opens it, too: write it down and put it away. Without it, who forgets the passphrase loses all",
    mayBeEmpty: true,
  },
  { name: "recoveryAgain", label: "Once more", mustRepeat: "recovery", mayBeEmpty: true },
];

export function CreateVault({ isReadOnly }: { isReadOnly: boolean }) {
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
