import { Button } from "@mantine/core";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { sayUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import type { Issuer, IssuerKind } from "#shared/model/issuer.ts";
import { useRemoveIssuer } from "./issuer-queries.ts";
import classes from "./issuers.module.css";

const LOSS: Record<IssuerKind, string> = {
  local:
    "Its keys are gone then: what it has signed stays valid until its end, and can be revoked no longer. Its root stays trusted, for what it has signed is still served; take it out under Roots and revocation lists.",
  acme: "The key of its account is gone then, and certificates of it can be revoked by the certificate's own key alone.",
  csr: "Nothing else is kept of it.",
};

/** Says what is lost before it is. */
export function RemoveIssuerDialog({ issuer, onClose }: { issuer: Issuer; onClose: () => void }) {
  const { name, kind } = issuer;
  const { mutate, isPending, error } = useRemoveIssuer();
  return (
    <Dialog title={`Remove ${sayUntrusted(name)}?`} isOpen onClose={onClose} width={460}>
      <form action={() => mutate({ name }, { onSuccess: onClose })} className={classes.form}>
        <p>{LOSS[kind]}</p>
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} limit={1_000} />
          </p>
        )}
        <div className={classes.end}>
          <Button variant="default" size="xs" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" color="red" size="xs" loading={isPending}>
            Remove it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
