import { Button } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { RunDetail } from "#shared/model/run.ts";
import { useLogins } from "./logins.tsx";
import { useFoundPlan, useResume } from "./queries.ts";
import classes from "./runbooks.module.css";
import { TypedWord } from "./typed-word.tsx";

/** Removes what is old before its days of grace are over; the word that the plan asks for is typed once more. */
export function EndGraceDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const { identityFiles } = useLogins();
  const { data } = useFoundPlan(run.planId);
  const { mutate, isPending, error } = useResume();
  const confirm = data?.plan?.confirm ?? null;
  const isReady = data !== undefined && (confirm === null || typed === confirm.word);
  const remove = () =>
    mutate(
      { runId: run.id, endsGrace: true, typed: typed || null, mayAsk: true, identityFiles },
      { onSuccess: onClose },
    );
  return (
    <Dialog title="Remove the old key now?" isOpen onClose={onClose} width={480}>
      <form action={remove} className={classes.form}>
        <p>
          Logs would be watched until {run.dueAt && <Exactly instant={run.dueAt} />}. Whoever still has the
          old key alone is shut out.
        </p>
        {confirm && <TypedWord confirm={confirm} typed={typed} onType={setTyped} />}
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} />
          </p>
        )}
        <div className={classes.formActions}>
          <Button variant="default" size="xs" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" color="red" size="xs" loading={isPending} disabled={!isReady}>
            Remove now
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
