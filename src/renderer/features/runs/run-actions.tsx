import { Button, Checkbox } from "@mantine/core";
import {
  IconArrowBackUp,
  IconEye,
  IconPlayerPause,
  IconPlayerTrackNext,
  IconTool,
  IconTrash,
  IconUserOff,
} from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { useNow } from "#renderer/ui/when.tsx";
import { toInstant } from "#shared/model/instant.ts";
import type { PlanKind } from "#shared/model/runs/plan.ts";
import type { RunDetail, RunFile, RunRow, RunState } from "#shared/model/runs/run.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { isUnneeded } from "#shared/text/runs/disabled-account.ts";
import { TRUST, trustChecksOf } from "#shared/text/runs/renewal-trust.ts";
import { hasConfirmed } from "#shared/text/runs/result-claim.ts";
import { formatRepair, repairsOf } from "#shared/text/runs/run.ts";
import { TypedWord } from "./apply-panel.tsx";
import { LoginFields, useLogins } from "./logins.tsx";
import { EndGraceDialog } from "./old-keys.tsx";
import { useFoundPlan, usePause, useRepair, useResume, useRollBack } from "./queries.ts";
import classes from "./runs.module.css";

const MAY_GO_ON: ReadonlySet<RunState> = new Set([
  "paused",
  "stopped",
  "interrupted",
  "waiting",
  "needs-attention",
]);

/** Pause, resume, roll back: what the state of the run allows. */
export function RunActions({ run }: { run: RunDetail }) {
  const { identityFiles } = useLogins();
  const [isAsking, setIsAsking] = useState(false);
  const [isEnding, setIsEnding] = useState(false);
  const [isRepairing, setIsRepairing] = useState(false);
  const pause = usePause();
  const resume = useResume();
  const { id: runId, state } = run;
  const [isAccepted, setIsAccepted] = useState(false);
  const untrusted = trustChecksOf(run);
  const acknowledgements = untrusted.length > 0 && isAccepted ? [TRUST] : [];
  const mayGoOn = MAY_GO_ON.has(state);
  const hasPostCheck = waitsBefore(run, "post-check");
  const hasRepair = repairsOf(run).length > 0;
  const error = pause.error ?? resume.error;
  if (!mayGoOn && state !== "running") return null;
  return (
    <>
      {mayGoOn && untrusted.length > 0 && (
        <Checkbox
          size="xs"
          mt={10}
          label="I accept this risk: install it all the same"
          checked={isAccepted}
          onChange={(event) => setIsAccepted(event.currentTarget.checked)}
        />
      )}
      <div className={classes.actions}>
        {state === "running" && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlayerPause size={15} />}
            loading={pause.isPending}
            onClick={() => pause.mutate({ runId }, { onSuccess: notifyPaused })}
          >
            Pause
          </Button>
        )}
        {hasRepair && (
          <Button size="xs" leftSection={<IconTool size={15} />} onClick={() => setIsRepairing(true)}>
            Repair
          </Button>
        )}
        {mayGoOn && !hasPostCheck && (
          <Button
            variant={hasRepair ? "default" : "filled"}
            size="xs"
            leftSection={<IconPlayerTrackNext size={15} />}
            loading={resume.isPending}
            onClick={() => resume.mutate({ runId, acknowledgements, mayPrompt: true, identityFiles })}
          >
            {(state === "waiting" && !waitsForCertificate(run) && !hasConfirmed(run.claims)) ||
            (untrusted.length > 0 && !isAccepted)
              ? "Check again now"
              : "Go on"}
          </Button>
        )}
        {hasPostCheck && (
          <Button
            size="xs"
            leftSection={<IconEye size={15} />}
            title="Check what is served now, before the time is over; then delete the old files"
            loading={resume.isPending}
            onClick={() => resume.mutate({ runId, endsGrace: true, mayPrompt: true, identityFiles })}
          >
            Check now
          </Button>
        )}
        {waitsBefore(run, "revoke") && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconTrash size={15} />}
            onClick={() => setIsEnding(true)}
          >
            Remove now
          </Button>
        )}
        {isDisabledNow(run) && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconUserOff size={15} />}
            onClick={() => setIsEnding(true)}
          >
            Leave disabled
          </Button>
        )}
        {isDisabledNow(run) && <RemoveButton run={run} />}
        {run.undoUntil === null && !run.accountWatch?.removedBy && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconArrowBackUp size={15} />}
            onClick={() => setIsAsking(true)}
          >
            {BACK[run.kind] ?? "Roll back"}
          </Button>
        )}
      </div>
      {mayGoOn && <LoginFields />}
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      {isEnding && isDisabledNow(run) && <LeaveDisabledDialog run={run} onClose={() => setIsEnding(false)} />}
      {isEnding && !isDisabledNow(run) && <EndGraceDialog run={run} onClose={() => setIsEnding(false)} />}
      {isRepairing && <RepairDialog run={run} onClose={() => setIsRepairing(false)} />}
      {isAsking && <RollBackDialog run={run} onClose={() => setIsAsking(false)} />}
    </>
  );
}

/**
 * Whether the run waits for a due time before this phase: the end of the days of grace, or the post-deployment check.
 */
const waitsBefore = ({ state, dueAt, stepList }: RunDetail, phase: "revoke" | "post-check"): boolean =>
  state === "waiting" &&
  dueAt !== null &&
  stepList.some((step) => step.phase === phase && step.state === "planned");

/** What rolling a run back is called. */
const BACK: Partial<Record<PlanKind, string>> = { reload: "End the run", "disable-account": "Restore" };

/** Its accounts are disabled, and somebody may decide. */
const isDisabledNow = ({ state, accountWatch }: RunDetail): boolean =>
  state === "waiting" && accountWatch !== null && accountWatch.removedBy === null;

/** Plans the removal of what the run has disabled; before its time the plan has a name typed. */
function RemoveButton({ run: { id, accountWatch } }: { run: RunDetail }) {
  const requestPlan = usePlanRequest();
  const now = toInstant(useNow());
  const isOffered = accountWatch !== null && isUnneeded(accountWatch, now);
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconTrash size={15} />}
      title={isOffered ? undefined : "Before the days are over, or after a use: its name has to be typed"}
      onClick={() => requestPlan({ kind: "remove-account", runId: id })}
    >
      {isOffered ? "Remove accounts" : "Remove early"}
    </Button>
  );
}

/** Ends the watch; the word of the plan is typed once more. */
function LeaveDisabledDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const { identityFiles } = useLogins();
  const { data } = useFoundPlan(run.planId);
  const { mutate, isPending, error } = useResume();
  const confirm = data?.plan?.confirm ?? null;
  const leave = () =>
    mutate(
      { runId: run.id, endsGrace: true, typed: typed || null, mayPrompt: true, identityFiles },
      { onSuccess: onClose },
    );
  return (
    <Dialog title="Leave the accounts disabled?" isOpen onClose={onClose} width={480}>
      <form action={leave} className={classes.form}>
        <p>
          The run ends, and its logs are read no more. Nothing of it can be rolled back afterwards: what it
          has changed in each account can then be restored by hand alone.
        </p>
        {confirm && <TypedWord confirm={confirm} typed={typed} onType={setTyped} />}
        <DialogFoot
          error={error}
          cancel={{ label: "Keep watching", onClick: onClose }}
          submit="Leave disabled"
          isPending={isPending}
          isDanger
          hasFocus={confirm === null}
        />
      </form>
    </Dialog>
  );
}

/** It waits for a certificate that somebody else signs. */
const waitsForCertificate = ({ kind, dueAt }: RunDetail): boolean =>
  kind === "rotate-certificate" && dueAt === null;

const notifyPaused = ({ wasRunning }: { wasRunning: boolean }) =>
  toast(wasRunning ? "It stops after the steps that are under way" : "It was not running any more");

function RollBackDialog({ run, onClose }: { run: RunRow; onClose: () => void }) {
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useRollBack();
  const isReload = run.kind === "reload";
  const isDisabling = run.kind === "disable-account";
  const rollBack = () => mutate({ runId: run.id, mayPrompt: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog
      title={isReload ? "End this run?" : isDisabling ? "Restore the accounts?" : "Roll this run back?"}
      isOpen
      onClose={onClose}
      width={480}
    >
      <form action={rollBack} className={classes.form}>
        <p>{isReload ? END_RELOAD : isDisabling ? RESTORE : <RolledBack run={run} />}</p>
        <DialogFoot
          error={error}
          cancel={{ label: "Leave it", onClick: onClose }}
          submit={BACK[run.kind] ?? "Roll back"}
          isPending={isPending}
          isDanger={!isDisabling}
          hasFocus
        />
      </form>
    </Dialog>
  );
}

const RESTORE =
  "Each account gets back its shell, its expiry, its password as it was, and its grants; a new login reads it. What somebody else has changed meanwhile is kept, and listed.";

const END_RELOAD =
  "No further server is reloaded. A reload cannot be undone: servers that were reloaded stay so.";

const RolledBack = ({ run }: { run: RunRow }) => (
  <>
    Everything that it has done on {formatCount(run.hosts, "host")} is rolled back, the last first: each file
    gets its old bytes
    {run.kind === "rotate-certificate"
      ? ", and the servers are reloaded. A file that somebody else has changed meanwhile is kept, and listed."
      : ". From a file that somebody else has changed meanwhile only the lines of this run are removed, and the file is listed; all else stays."}
  </>
);

/** Shows what would be written to each stuck file. What is approved is what was shown when the dialog was opened. */
function RepairDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const [{ id: runId, ...shown }] = useState(run);
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useRepair();
  const repair = () =>
    mutate({ runId, approved: repairsOf(shown), mayPrompt: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog title="Repair these files?" isOpen onClose={onClose} width={640}>
      <form action={repair} className={classes.form}>
        <p>
          The run removes its own lines from each file and restores the lines that it removed. Nothing else in
          them changes. A file that somebody changes in the meantime is left as it is and shown again.
        </p>
        {shown.files
          .filter(({ fate }) => fate === "stuck")
          .map((file) => (
            <Repair key={`${file.host}:${file.port}:${file.path}`} file={file} />
          ))}
        <DialogFoot
          error={error}
          cancel={{ label: "Leave it", onClick: onClose }}
          submit="Repair"
          isPending={isPending}
          hasFocus
        />
      </form>
    </Dialog>
  );
}

function Repair({ file }: { file: RunFile }) {
  return (
    <section>
      <p>
        <Untrusted text={`${formatHost(file)}: ${file.path}`} />
      </p>
      <Verbatim>
        {formatRepair(file).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one repair never move
          <Fragment key={index}>
            <Untrusted text={line} limit={2_000} />
            {"\n"}
          </Fragment>
        ))}
      </Verbatim>
    </section>
  );
}
