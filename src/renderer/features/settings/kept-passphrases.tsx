import { Button } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import issuers from "./issuers.module.css";
import classes from "./settings.module.css";
import { SmallButton } from "./small-button.tsx";
import own from "./vault.module.css";
import { useForgetPassphrase, useKeptPassphrases } from "./vault-queries.ts";

type Kept = { id: string; label: string };

/** Passphrases of keystores belong to nothing that would forget them: whoever looks here does. */
export function KeptPassphrases() {
  const { data: kept = [], error } = useKeptPassphrases();
  const [leaving, setLeaving] = useState<Kept | null>(null);
  return (
    <>
      {error && (
        <p role="alert" className={own.refusal}>
          <Untrusted text={error.message} limit={1_000} />
        </p>
      )}
      {kept.map((passphrase) => (
        <div key={passphrase.id} className={classes.row}>
          <span className={classes.name}>Passphrase</span>
          <span className={`${classes.value} ${own.actions}`}>
            <Untrusted text={passphrase.label} isMono />
            <SmallButton label={`Forget ${passphrase.label}`} onClick={() => setLeaving(passphrase)}>
              Forget it
            </SmallButton>
          </span>
        </div>
      ))}
      {leaving && <ForgetDialog kept={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
}

function ForgetDialog({ kept: { id, label }, onClose }: { kept: Kept; onClose: () => void }) {
  const { mutate, isPending, error } = useForgetPassphrase();
  return (
    <Dialog title="Forget this passphrase?" isOpen onClose={onClose} width={460}>
      <form action={() => mutate({ id }, { onSuccess: onClose })} className={issuers.form}>
        <p>
          <Untrusted text={label} isMono limit={1_000} />
        </p>
        <p>A plan or a run that names it can put nothing in place any more.</p>
        {error && (
          <p role="alert" className={own.refusal}>
            <Untrusted text={error.message} limit={1_000} />
          </p>
        )}
        <div className={issuers.end}>
          <Button variant="default" size="xs" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" color="red" size="xs" loading={isPending}>
            Forget it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
