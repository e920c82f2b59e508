import { TextInput } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { DialogFoot } from "#renderer/ui/dialog-foot.tsx";
import { useNow } from "#renderer/ui/now.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { addDays } from "#shared/model/days.ts";
import type { Finding } from "#shared/model/finding.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatRule } from "#shared/text/rule.ts";
import classes from "./findings.module.css";
import { useAccept } from "./queries.ts";

/** What is offered: a quarter of a year. */
const USUAL_DAYS = 90;

type Props = { findings: readonly Finding[]; onClose: () => void; onDone?: () => void };

/** Says of findings that they may stand until a day, and why. */
export function AcceptDialog({ findings, onClose, onDone }: Props) {
  const [first] = findings;
  const before = findings.length === 1 ? first?.acceptance : null;
  const usual = addDays(useNow(), USUAL_DAYS).toISOString().slice(0, 10);
  const [reason, setReason] = useState(before?.reason ?? "");
  const [until, setUntil] = useState(before?.until ?? usual);
  const { mutate, error, isPending } = useAccept();
  const accept = () =>
    mutate(
      { ids: findings.map(({ id }) => id), reason, until },
      {
        onSuccess: ({ accepted }) => {
          toast(`${formatCount(accepted, "finding")} accepted until ${until}`);
          onDone?.();
          onClose();
        },
      },
    );
  return (
    <Dialog
      title={
        findings.length === 1 ? "Accept this finding" : `Accept ${formatCount(findings.length, "finding")}`
      }
      isOpen
      onClose={onClose}
      width={520}
    >
      <form action={accept} className={classes.form}>
        {first && findings.length === 1 && (
          <p>
            {formatRule(first.rule)}: <Untrusted text={first.label} />
          </p>
        )}
        <p className={classes.dim}>
          It counts no more until that day, and then again by itself. The record of events keeps the reason.
        </p>
        <TextInput
          size="xs"
          label="Reason"
          placeholder="a test machine, ticket 812"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
          data-autofocus
        />
        <TextInput
          size="xs"
          type="date"
          label="Until"
          description="From this day on it counts again"
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
        <DialogFoot
          error={error}
          submit="Accept"
          isPending={isPending}
          isDisabled={reason.trim() === "" || until === ""}
        />
      </form>
    </Dialog>
  );
}
