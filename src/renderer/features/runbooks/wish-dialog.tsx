import { Button } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { RequestDraft } from "#renderer/api/plan-request.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { formatCount } from "#shared/text/count.ts";
import { LoginFields } from "./logins.tsx";
import { NoIssuer } from "./no-issuer.tsx";
import { formatRenewalLack, RenewalAbout } from "./renewal-fields.tsx";
import classes from "./runbooks.module.css";
import { RequestFields } from "./wish-fields.tsx";
import { KINDS } from "./words.ts";

type Props = {
  draft: RequestDraft;
  isPlanning: boolean;
  error: Error | null;
  onPlan: (wish: RequestDraft) => void;
  onClose: () => void;
};

/** What a wish still lacks, and then its plan. */
export function RequestDialog({ draft, isPlanning, error, onPlan, onClose }: Props) {
  const [wish, setRequest] = useState(draft);
  const isWhole = formatLack(wish) === null;
  // Wherever the focus is: it is at the button that closes the dialog while the fields are not there yet.
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isPreview = (event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "p";
      if (!isPreview) return;
      event.preventDefault();
      if (isWhole && !isPlanning) onPlan(wish);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [isWhole, isPlanning, wish, onPlan]);
  return (
    <Dialog title={titleOf(wish)} isOpen onClose={onClose} width={560}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          onPlan(wish);
        }}
      >
        {"grants" in wish && <p className={classes.dim}>Of {formatCount(wish.grants.length, "grant")}.</p>}
        {wish.kind === "rotate-key" && (
          <p>
            <Untrusted text={wish.fingerprint} isMono />
          </p>
        )}
        {wish.kind === "rotate-certificate" && (
          <>
            <RenewalAbout wish={wish} />
            <NoIssuer onLeave={onClose} />
          </>
        )}
        <RequestFields wish={wish} onChange={setRequest} />
        <LoginFields />
        <p className={classes.note}>
          The hosts are read, and a plan is made of what they hold. Nothing is written before you have seen
          it.
        </p>
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} limit={1_000} />
          </p>
        )}
        <div className={classes.formActions}>
          <Button
            type="submit"
            size="xs"
            leftSection={<IconEye size={15} />}
            title="Preview the plan (Ctrl+Shift+P)"
            loading={isPlanning}
            disabled={!isWhole}
          >
            Preview the plan
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function titleOf(wish: RequestDraft): string {
  if (wish.kind !== "rotate-certificate") return KINDS[wish.kind];
  if (wish.isDue) return "Renew what is due";
  return wish.certificates?.length === 1 ? "Renew a certificate" : KINDS[wish.kind];
}

/** What must be said before there can be a plan; null when all is said. */
export function formatLack(wish: RequestDraft): string | null {
  switch (wish.kind) {
    case "rotate-key":
    case "rotate-host-key":
    case "remove-grants":
      return null;
    case "rotate-certificate":
      return formatRenewalLack(wish);
    case "add-grants":
      return wish.key.trim() === "" || wish.places.length === 0 ? "the key and the accounts" : null;
    case "tighten-grants":
      return wish.from || wish.restrict || wish.expiry ? null : "how to tighten them";
    case "move-to-authority":
      return wish.authority.trim() === "" ? "the authority" : null;
  }
}
