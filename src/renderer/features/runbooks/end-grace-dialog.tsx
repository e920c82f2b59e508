import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { DialogFoot } from "#renderer/ui/dialog-foot.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { RunDetail } from "#shared/model/run.ts";
import { acknowledgementOf } from "#shared/text/consent.ts";
import { checkOfUse } from "#shared/text/old-key-use.ts";
import { useLogins } from "./logins.tsx";
import { UsesToAgree } from "./old-key-watch.tsx";
import { useFoundPlan, useResume } from "./queries.ts";
import classes from "./runbooks.module.css";
import { TypedWord } from "./typed-word.tsx";

/** Removes what is old before its days of grace are over; the word that the plan asks for is typed once more. */
export function EndGraceDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [agreed, setAgreed] = useState<ReadonlySet<string>>(new Set());
  const { identityFiles } = useLogins();
  const { data } = useFoundPlan(run.planId);
  const { mutate, isPending, error } = useResume();
  const confirm = data?.plan?.confirm ?? null;
  const uses = run.oldKeyWatch?.uses ?? [];
  const isAgreed = uses.every((use) => agreed.has(acknowledgementOf(checkOfUse(use))));
  const isReady = data !== undefined && isAgreed && (confirm === null || typed === confirm.word);
  const agree = (name: string, isGiven: boolean) => {
    const others = [...agreed].filter((one) => one !== name);
    setAgreed(new Set(isGiven ? [...others, name] : others));
  };
  const remove = () =>
    mutate(
      {
        runId: run.id,
        endsGrace: true,
        typed: typed || null,
        consents: [...agreed],
        mayAsk: true,
        identityFiles,
      },
      { onSuccess: onClose },
    );
  return (
    <Dialog title="Remove the old key now?" isOpen onClose={onClose} width={480}>
      <form action={remove} className={classes.form}>
        <p>
          Logs would be watched until {run.dueAt && <Exactly instant={run.dueAt} />}. Whoever still has the
          old key alone is shut out. The hosts&apos; logs are read once more before it goes.
        </p>
        {uses.length > 0 && <UsesToAgree uses={uses} agreed={agreed} onAgree={agree} />}
        {confirm && <TypedWord confirm={confirm} typed={typed} onType={setTyped} />}
        <DialogFoot
          error={error}
          cancel={{ label: "Leave it", onClick: onClose }}
          submit="Remove now"
          isPending={isPending}
          isDisabled={!isReady}
          isDanger
        />
      </form>
    </Dialog>
  );
}
