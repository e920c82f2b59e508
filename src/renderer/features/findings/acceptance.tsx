import { Button, TextInput } from "@mantine/core";
import { IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { ReloadButton, reloadOfFindings } from "#renderer/api/reload.tsx";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { useNow } from "#renderer/ui/when.tsx";
import { SERVED_RULES } from "#shared/model/certificates/served.ts";
import type { Finding } from "#shared/model/finding.ts";
import { addDays } from "#shared/model/instant.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatRule } from "#shared/text/findings/finding.ts";
import classes from "./findings.module.css";
import { useAccept } from "./queries.ts";

type Props = {
  findings: readonly Finding[];
  buttonProps: { variant: "default" | "subtle"; size: "xs" | "compact-sm" };
};

/**
 * What a plan can do about findings: remove the grants among them, rotate their key where it is one alone, renew the
 * certificates, reload the servers. A finding that another certificate is served than the one in its file offers no
 * renewal: the new certificate is there already.
 */
export function ChangeActions({ findings, buttonProps }: Props) {
  const requestPlan = usePlanRequest();
  const grants = [...new Set(findings.flatMap(({ object }) => (object.kind === "grant" ? object.id : [])))];
  const keys = new Set(findings.flatMap(({ object }) => (object.kind === "key" ? object.fingerprint : [])));
  const [key] = keys;
  const certificates = [
    ...new Set(
      findings.flatMap(({ object, rule }) =>
        object.kind === "certificate" && !SERVED_RULES.has(rule) ? [object.sha256] : [],
      ),
    ),
  ];
  const reload = reloadOfFindings(findings);
  return (
    <>
      {reload && <ReloadButton request={reload} buttonProps={buttonProps} />}
      {key !== undefined && keys.size === 1 && (
        <Button
          {...buttonProps}
          leftSection={<IconRefresh size={15} />}
          onClick={() => requestPlan({ kind: "rotate-key", fingerprint: key })}
        >
          Rotate the key
        </Button>
      )}
      {certificates.length > 0 && (
        <Button
          {...buttonProps}
          leftSection={<IconRefresh size={15} />}
          onClick={() => requestPlan({ kind: "rotate-certificate", certificates })}
        >
          {certificates.length === 1 ? "Renew the certificate" : `Renew ${certificates.length} certificates`}
        </Button>
      )}
      {grants.length > 0 && (
        <Button
          {...buttonProps}
          leftSection={<IconTrash size={15} />}
          onClick={() => requestPlan({ kind: "remove-grants", grants })}
        >
          {grants.length === 1 ? "Remove the grant" : `Remove ${grants.length} grants`}
        </Button>
      )}
    </>
  );
}

/** A quarter of a year, the default. */
const USUAL_DAYS = 90;

type AcceptDialogProps = { findings: readonly Finding[]; onClose: () => void; onDone?: () => void };

/** Accepts findings until a day, with a reason. */
export function AcceptDialog({ findings, onClose, onDone }: AcceptDialogProps) {
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
