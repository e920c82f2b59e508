import { Button } from "@mantine/core";
import { IconRefresh, IconTrash } from "@tabler/icons-react";
import { ReloadButton, reloadOfFindings } from "#renderer/api/reload.tsx";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import { AcceptDialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { SERVED_RULES } from "#shared/model/certificates/served.ts";
import type { Finding } from "#shared/model/finding.ts";
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

type AcceptDialogProps = { findings: readonly Finding[]; onClose: () => void; onDone?: () => void };

/** Accepts findings until a day, with a reason. */
export function AcceptFindings({ findings, onClose, onDone }: AcceptDialogProps) {
  const [first] = findings;
  const { mutate, error, isPending } = useAccept();
  const accept = (reason: string, until: string) =>
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
  const isOne = first !== undefined && findings.length === 1;
  return (
    <AcceptDialog
      title={isOne ? "Accept this finding" : `Accept ${formatCount(findings.length, "finding")}`}
      note={
        <>
          {isOne && (
            <p className={classes.about}>
              {formatRule(first.rule)}: <Untrusted text={first.label} />
            </p>
          )}
          <p>
            It counts no more until that day, and then again by itself. The record of events keeps the reason.
          </p>
        </>
      }
      placeholder="a test machine, ticket 812"
      before={isOne ? first.acceptance : null}
      error={error}
      isPending={isPending}
      onAccept={accept}
      onClose={onClose}
    />
  );
}
