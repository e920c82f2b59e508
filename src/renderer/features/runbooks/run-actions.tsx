import { Button } from "@mantine/core";
import { IconArrowBackUp, IconPlayerPause, IconPlayerTrackNext, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { RunDetail, RunRow, RunState } from "#shared/model/run.ts";
import { sayCount } from "#shared/text/count.ts";
import { EndGraceDialog } from "./end-grace-dialog.tsx";
import { LoginFields, useLogins } from "./logins.tsx";
import { usePause, useResume, useRollBack } from "./queries.ts";
import classes from "./runbooks.module.css";

const MAY_GO_ON: ReadonlySet<RunState> = new Set([
  "paused",
  "stopped",
  "interrupted",
  "waiting",
  "needs-attention",
]);

/** Pause, go on, take back: what its state allows. */
export function RunActions({ run }: { run: RunDetail }) {
  const { identityFiles } = useLogins();
  const [isAsking, setIsAsking] = useState(false);
  const [isEnding, setIsEnding] = useState(false);
  const pause = usePause();
  const resume = useResume();
  const { id: runId, state } = run;
  const mayGoOn = MAY_GO_ON.has(state);
  const error = pause.error ?? resume.error;
  if (!mayGoOn && state !== "running") return null;
  return (
    <>
      <div className={classes.actions}>
        {state === "running" && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlayerPause size={15} />}
            loading={pause.isPending}
            onClick={() => pause.mutate({ runId }, { onSuccess: sayPaused })}
          >
            Pause
          </Button>
        )}
        {mayGoOn && (
          <Button
            size="xs"
            leftSection={<IconPlayerTrackNext size={15} />}
            loading={resume.isPending}
            onClick={() => resume.mutate({ runId, mayAsk: true, identityFiles })}
          >
            {state === "waiting" ? "Look again now" : "Go on"}
          </Button>
        )}
        {hasGrace(run) && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconTrash size={15} />}
            onClick={() => setIsEnding(true)}
          >
            Remove now
          </Button>
        )}
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowBackUp size={15} />}
          onClick={() => setIsAsking(true)}
        >
          Roll back
        </Button>
      </div>
      {mayGoOn && <LoginFields />}
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      {isEnding && <EndGraceDialog run={run} onClose={() => setIsEnding(false)} />}
      {isAsking && <RollBackDialog run={run} onClose={() => setIsAsking(false)} />}
    </>
  );
}

/** Days are left in which logs are watched, and nothing was removed yet. */
const hasGrace = ({ state, dueAt, stepList }: RunDetail): boolean =>
  state === "waiting" &&
  dueAt !== null &&
  stepList.some((step) => step.phase === "remove" && step.state === "planned");

const sayPaused = ({ wasRunning }: { wasRunning: boolean }) =>
  toast(wasRunning ? "It stops after the steps that are under way" : "It was not running any more");

function RollBackDialog({ run, onClose }: { run: RunRow; onClose: () => void }) {
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useRollBack();
  const rollBack = () => mutate({ runId: run.id, mayAsk: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog title="Roll this run back?" isOpen onClose={onClose} width={480}>
      <form action={rollBack} className={classes.form}>
        <p>
          Everything that it has done on {sayCount(run.hosts, "host")} is taken back, the last first: each
          file gets the bytes that it had. Out of a file that somebody else has changed meanwhile only the
          lines of this run are taken, and that is said; all else stays.
        </p>
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} />
          </p>
        )}
        <div className={classes.formActions}>
          <Button variant="default" size="xs" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" color="red" size="xs" loading={isPending} data-autofocus>
            Roll back
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
