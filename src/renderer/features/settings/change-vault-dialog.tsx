import { useMutation } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { type Field, SecretForm } from "./secret-form.tsx";
import classes from "./vault.module.css";

export type Changing = "passphrase" | "recovery" | "no-recovery";

type Name = "current" | "next" | "again";

const CURRENT: Field<Name> = { name: "current", label: "Passphrase now, or the one for recovery" };
const NEXT: readonly Field<Name>[] = [
  { name: "next", label: "The new one", description: "Eight characters or more" },
  { name: "again", label: "Once more", mustRepeat: "next" },
];

const WORDS: Record<Changing, { title: string; does: string; fields: readonly Field<Name>[] }> = {
  passphrase: { title: "Another passphrase", does: "Change it", fields: [CURRENT, ...NEXT] },
  recovery: { title: "Another passphrase for recovery", does: "Change it", fields: [CURRENT, ...NEXT] },
  "no-recovery": { title: "No passphrase for recovery", does: "Remove it", fields: [CURRENT] },
};

type Props = { changing: Changing | null; onClose: () => void };

export function ChangeDialog({ changing, onClose }: Props) {
  return (
    <Dialog
      title={changing ? WORDS[changing].title : ""}
      isOpen={changing !== null}
      onClose={onClose}
      width={440}
    >
      {changing && <ChangeForm changing={changing} onDone={onClose} />}
    </Dialog>
  );
}

function ChangeForm({ changing, onDone }: { changing: Changing; onDone: () => void }) {
  const seal = useSeal();
  const api = useApi();
  const passphrase = useMutation(api.vault.changePassphrase.mutationOptions());
  const recovery = useMutation(api.vault.changeRecovery.mutationOptions());
  const { does, fields } = WORDS[changing];
  const change = async (typed: { current: string; next: string }) => {
    const current = await seal(typed.current);
    if (changing === "no-recovery") return recovery.mutateAsync({ current, next: null });
    const { mutateAsync } = changing === "passphrase" ? passphrase : recovery;
    return mutateAsync({ current, next: await seal(typed.next) });
  };
  return (
    <>
      <p className={classes.words}>
        Older copies of the file still open by what opened them: delete them afterwards.
      </p>
      <SecretForm
        fields={fields}
        does={does}
        onSubmit={async (typed) => {
          const { kind } = await change(typed);
          if (kind === "wrong") return "that is not what opens it now";
          toast("The vault is changed");
          onDone();
          return null;
        }}
      />
    </>
  );
}
