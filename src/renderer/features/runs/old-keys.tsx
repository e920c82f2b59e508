import { Button, Checkbox } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconEyeQuestion,
  IconKey,
  IconTrash,
  IconUserExclamation,
} from "@tabler/icons-react";
import { useState } from "react";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { OldKeyUse, OldKeyWatch, RunDetail } from "#shared/model/runs/run.ts";
import { formatCount } from "#shared/text/count.ts";
import {
  checkOfUse,
  formatKeptKey,
  formatRemaining,
  formatUnreadable,
  formatUse,
} from "#shared/text/runs/old-key.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import { TypedWord } from "./apply-panel.tsx";
import { Commands } from "./export-panel.tsx";
import { LoginFields, useLogins } from "./logins.tsx";
import { useFoundPlan, useResume, useUndo } from "./queries.ts";
import classes from "./runs.module.css";

/** Who still uses the old key of a run while its days of grace last, and where nobody knows. */
export function OldKeyNotice({ watch }: { watch: OldKeyWatch }) {
  const unreadable = formatUnreadable(watch);
  return (
    <>
      {watch.uses.length > 0 && (
        <div className={classes.byHand}>
          <Notice tone="red" Icon={IconUserExclamation} title="The old key is still used">
            <ul aria-label="Uses of the old key">
              {watch.uses.map((use) => (
                <li key={acknowledgementOf(checkOfUse(use))}>
                  <Untrusted text={formatUse(use)} limit={600} />
                </li>
              ))}
            </ul>
            <p>Give whoever that is the new key: they are locked out once the old one is removed.</p>
          </Notice>
        </div>
      )}
      {unreadable !== null && (
        <div className={classes.byHand}>
          <Notice tone="amber" Icon={IconEyeQuestion} title="Not known of every host">
            <p>
              <Untrusted text={unreadable} limit={1_000} />
            </p>
          </Notice>
        </div>
      )}
    </>
  );
}

type Props = {
  uses: readonly OldKeyUse[];
  agreed: ReadonlySet<string>;
  onAgree: (name: string, isAcknowledged: boolean) => void;
};

/** Each use is acknowledged by itself. */
function UsesToAgree({ uses, agreed, onAgree }: Props) {
  return (
    <ul className={classes.uses} aria-label="Who is shut out">
      {uses.map((use) => {
        const name = acknowledgementOf(checkOfUse(use));
        return (
          <li key={name}>
            <Untrusted text={formatUse(use)} limit={600} />
            <Checkbox
              size="xs"
              label="I accept this risk"
              checked={agreed.has(name)}
              onChange={(event) => onAgree(name, event.currentTarget.checked)}
            />
          </li>
        );
      })}
    </ul>
  );
}

/** Removes the old key before its days of grace are over; the word of the plan is typed once more. */
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
  const agree = (name: string, isAcknowledged: boolean) => {
    const others = [...agreed].filter((one) => one !== name);
    setAgreed(new Set(isAcknowledged ? [...others, name] : others));
  };
  const remove = () =>
    mutate(
      {
        runId: run.id,
        endsGrace: true,
        typed: typed || null,
        acknowledgements: [...agreed],
        mayPrompt: true,
        identityFiles,
      },
      { onSuccess: onClose },
    );
  return (
    <Dialog title="Remove the old key now?" isOpen onClose={onClose} width={480}>
      <form action={remove} className={classes.form}>
        <p>
          Logs would be watched until {run.dueAt && <Exactly instant={run.dueAt} />}. Whoever still has the
          old key alone is locked out. The hosts&apos; logs are read once more before it is removed.
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

/** Accounts that still let in what should go, though the run is over. */
export function Remaining({ run: { kind, remaining } }: { run: RunDetail }) {
  if (remaining.length === 0) return null;
  return (
    <div className={classes.byHand}>
      <Notice tone="amber" Icon={IconKey} title="Not changed everywhere">
        <p>
          These accounts were left as they were when the run ended. Once nothing blocks them, plan the rest
          again.
        </p>
        <ul className={classes.items} aria-label="Not changed">
          {remaining.map((one) => (
            <li key={`${one.host} ${one.port} ${one.account} ${one.fingerprint}`}>
              <Untrusted text={formatRemaining(one, kind)} limit={600} />
            </li>
          ))}
        </ul>
      </Notice>
    </div>
  );
}

/** That a finished run can be undone, until when, and what it keeps for that. */
export function Undo({ run }: { run: RunDetail }) {
  const [opened, setOpened] = useState<"undo" | "clear" | null>(null);
  const { state, undoUntil, kept } = run;
  if (undoUntil === null || (state !== "committed" && state !== "needs-attention")) return null;
  const isOver = Date.parse(undoUntil) <= Date.now();
  return (
    <div className={classes.byHand}>
      <Notice
        tone="gray"
        Icon={IconArrowBackUp}
        title={isOver ? "It can no longer be undone" : "It can be undone"}
      >
        <p>
          {isOver ? (
            "What it kept for that is deleted with the next scan."
          ) : (
            <>
              Until <Exactly instant={undoUntil} />.
            </>
          )}
          {kept.length > 0 && " Kept for that, out of the way of later runs:"}
        </p>
        {kept.length > 0 && <Paths run={run} />}
        <div className={classes.actions}>
          {!isOver && (
            <Button
              variant="default"
              size="xs"
              leftSection={<IconArrowBackUp size={15} />}
              onClick={() => setOpened("undo")}
            >
              Undo
            </Button>
          )}
          {state === "committed" && (
            <Button
              variant="subtle"
              size="xs"
              leftSection={<IconTrash size={15} />}
              onClick={() => setOpened("clear")}
            >
              {kept.length > 0 ? "Delete what is kept now" : "Give the undo up"}
            </Button>
          )}
        </div>
      </Notice>
      {opened === "undo" && <UndoDialog run={run} onClose={() => setOpened(null)} />}
      {opened === "clear" && <ClearDialog run={run} onClose={() => setOpened(null)} />}
    </div>
  );
}

function UndoDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useUndo();
  const undo = () => mutate({ runId: run.id, mayPrompt: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog title="Undo this run?" isOpen onClose={onClose} width={480}>
      <form action={undo} className={classes.form}>
        <p>
          {run.kind === "remove-account"
            ? "Each account gets its lines back, and is disabled as before; a new login reads them. If its name or its uid is somebody else's by now, or a host cannot be reached, nothing is changed."
            : `${formatCount(run.hosts, "host")} and this computer get back what the run has removed and replaced, the last first, and sshd is asked whether each old key logs in again before its new one goes. If anybody has changed one of the files since, or a host cannot be reached, nothing is changed.`}
        </p>
        <LoginFields />
        <DialogFoot
          error={error}
          cancel={{ label: "Leave it", onClick: onClose }}
          submit="Undo"
          isPending={isPending}
          isDanger
          hasFocus
        />
      </form>
    </Dialog>
  );
}

function ClearDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useResume();
  const clear = () =>
    mutate({ runId: run.id, endsGrace: true, mayPrompt: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog title="Give the undo up?" isOpen onClose={onClose} width={480}>
      <form action={clear} className={classes.form}>
        <p>
          This run can then no longer be undone.
          {run.kept.length > 0 &&
            " The old private keys that it keeps are deleted; no other copy of them is known."}
        </p>
        <DialogFoot
          error={error}
          cancel={{ label: "Leave it", onClick: onClose }}
          submit={run.kept.length > 0 ? "Delete them" : "Give it up"}
          isPending={isPending}
          isDanger
        />
      </form>
    </Dialog>
  );
}

/** Old private keys that the run has left beside the new ones, and their removal. */
export function KeptKeys({ run }: { run: RunDetail }) {
  const [isAsking, setIsAsking] = useState(false);
  // As long as it can be undone, they are kept for that.
  if (run.kept.length === 0 || run.state === "running" || run.undoUntil !== null) return null;
  return (
    <div className={classes.byHand}>
      <Notice tone="amber" Icon={IconAlertTriangle} title="Old private keys kept">
        <p>
          {run.remaining.length > 0
            ? "The old key still gets in somewhere, so its private keys are beside the new ones."
            : "Something was left as it is, as acknowledged, and may need the old key, so its private keys are beside the new ones."}
        </p>
        <Paths run={run} />
        <p>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconTrash size={15} />}
            onClick={() => setIsAsking(true)}
          >
            Remove old keys
          </Button>
        </p>
        {run.removeKept.length > 0 && (
          <p>
            Where no session reaches a host, remove them there by hand. Each command prints whether it did.{" "}
            <CopyMark value={run.removeKept.join("\n")} what="commands" />
          </p>
        )}
      </Notice>
      {run.removeKept.length > 0 && <Commands lines={run.removeKept} />}
      {isAsking && <RemoveDialog run={run} onClose={() => setIsAsking(false)} />}
    </div>
  );
}

const Paths = ({ run }: { run: RunDetail }) => (
  <ul className={classes.items} aria-label="Old private keys">
    {run.kept.map((key) => (
      <li key={`${key.host} ${key.port} ${key.kept}`}>
        <Untrusted text={formatKeptKey(key)} isMono limit={500} />
      </li>
    ))}
  </ul>
);

function RemoveDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useResume();
  const remove = () =>
    mutate({ runId: run.id, removesOld: true, mayPrompt: true, identityFiles }, { onSuccess: onClose });
  return (
    <Dialog title="Remove the old private keys?" isOpen onClose={onClose} width={480}>
      <form action={remove} className={classes.form}>
        <p>
          Whoever still logs in with the old key has it in these files alone. A file that is not the old key
          any more is kept, and listed.
        </p>
        <Paths run={run} />
        <DialogFoot
          error={error}
          cancel={{ label: "Leave them", onClick: onClose }}
          submit="Remove"
          isPending={isPending}
          isDanger
          hasFocus
        />
      </form>
    </Dialog>
  );
}
