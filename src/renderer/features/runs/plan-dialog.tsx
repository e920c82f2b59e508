import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import type { RequestDraft } from "#renderer/api/scan-button.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { PlanOptions, POST_CHECK_MINUTES, UNDO_HOURS } from "#shared/model/runs/plan-options.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import decisionClasses from "./decision.module.css";
import { LoginFields } from "./logins.tsx";
import { RequestFields } from "./plan-fields.tsx";
import { AnotherIssuer, formatRenewalMissing, NoIssuer, RenewalAbout } from "./renewal-fields.tsx";
import classes from "./runs.module.css";
import { KINDS } from "./words.ts";

/** The form that sets up an issuer, which is no part of runs; `onAdded` receives its name. */
export type RenderIssuerSetup = (onAdded: (name: string) => void) => ReactNode;

type Props = {
  renderIssuerSetup: RenderIssuerSetup;
  draft: RequestDraft;
  isPlanning: boolean;
  error: Error | null;
  onPlan: (request: RequestDraft) => void;
  onClose: () => void;
};

/** What a request still needs, and then its plan. */
export function RequestDialog({ draft, isPlanning, error, renderIssuerSetup, onPlan, onClose }: Props) {
  const [request, setRequest] = useState(draft);
  const [isSettingUp, setIsSettingUp] = useState(false);
  const isWhole = findMissing(request) === null;
  // On the window, not on the dialog: while the fields are not there yet, the focus is at the button that closes it.
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isPreview = (event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "p";
      if (!isPreview) return;
      event.preventDefault();
      if (isWhole && !isPlanning) onPlan(request);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [isWhole, isPlanning, request, onPlan]);
  if (isSettingUp && request.kind === "rotate-certificate")
    return (
      <Dialog key="issuer" title="Set up an issuer" isOpen onClose={() => setIsSettingUp(false)} width={560}>
        {renderIssuerSetup((issuer) => {
          setRequest({ ...request, issuer });
          setIsSettingUp(false);
        })}
      </Dialog>
    );
  return (
    <Dialog key="request" title={titleOf(request)} isOpen onClose={onClose} width={560}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          onPlan(request);
        }}
      >
        {"grants" in request && (
          <p className={classes.dim}>Of {formatCount(request.grants.length, "grant")}.</p>
        )}
        {request.kind === "disable-account" && (
          <p>
            <Untrusted text={request.accounts.map(formatAccount).join(", ")} limit={600} />: password locked,
            expired, no login shell, grants revoked. Its files stay, and it can be restored.
          </p>
        )}
        {request.kind === "remove-account" && (
          <p>
            The accounts that run #{request.runId} has disabled: their lines leave passwd, shadow, group and
            gshadow. Their files stay, with the uid of their owner.
          </p>
        )}
        {request.kind === "rotate-key" && (
          <p>
            <Untrusted text={request.fingerprint} isMono />
          </p>
        )}
        {request.kind === "rotate-certificate" && (
          <>
            <RenewalAbout request={request} />
            <NoIssuer onSetUp={() => setIsSettingUp(true)} />
          </>
        )}
        <RequestFields request={request} onChange={setRequest} />
        <LoginFields />
        <p className={classes.note}>
          The hosts are read, and a plan is made from their files. Nothing is written before you have reviewed
          it.
        </p>
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} limit={1_000} />
          </p>
        )}
        <div className={classes.formActions}>
          {request.kind === "rotate-certificate" && <AnotherIssuer onSetUp={() => setIsSettingUp(true)} />}
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

function titleOf(request: RequestDraft): string {
  if (request.kind !== "rotate-certificate") return KINDS[request.kind];
  if (request.isDue) return "Renew what is due";
  return request.certificates?.length === 1 ? "Renew a certificate" : KINDS[request.kind];
}

/** What the user has to name before there can be a plan; null when nothing is missing. */
export function findMissing(request: RequestDraft): string | null {
  switch (request.kind) {
    case "rotate-key":
    case "rotate-host-key":
    case "remove-grants":
    case "reload":
    case "disable-account":
    case "remove-account":
      return null;
    case "rotate-certificate":
      return formatRenewalMissing(request);
    case "add-grants":
      return request.key.trim() === "" || request.accounts.length === 0 ? "the key and the accounts" : null;
    case "tighten-grants":
      return request.from || request.restrict || request.expiry ? null : "how to tighten them";
    case "move-to-authority":
      return request.authority.trim() === "" ? "the authority" : null;
  }
}

/** The options of a plan for which nobody has chosen any. */
const USUAL_OPTIONS: PlanOptions = PlanOptions.parse({ undoHours: UNDO_HOURS });

/** The same of this request: disabled accounts are watched for a month. */
export const usualOptionsOf = ({ kind }: RequestDraft): PlanOptions =>
  kind === "disable-account" ? PlanOptions.parse({ graceDays: 30 }) : USUAL_OPTIONS;

type OptionFieldsProps = {
  options: PlanOptions;
  /** What a run waits for: days in which an old key, or a disabled account, is watched, or minutes until the post-deployment check. */
  waits: "grace" | "watch" | "post-check" | null;
  /** Whether a host rolls back what was not verified. */
  rollsBack: boolean;
  /** Whether its run can be undone once it has finished. */
  isUndoable: boolean;
  onChange: (patch: Partial<PlanOptions>) => void;
};

const WATCHED = { label: "Days that logs are watched", description: "Each use begins them anew" };

type NumberName = Exclude<keyof PlanOptions, "canary">;

const FIELDS: readonly { name: NumberName; label: string; description: string; min: number; max: number }[] =
  [
    { name: "batchSize", label: "Hosts at a time", description: "Side by side", min: 1, max: 64 },
    {
      name: "maxFailures",
      label: "Stop after failed hosts",
      min: 1,
      max: 10_000,
      description: "None is begun after that many",
    },
    {
      name: "graceDays",
      label: "Days that both keys stand",
      min: 0,
      max: 365,
      description: "Logs are watched; 0: the old key is removed at once",
    },
    {
      name: "undoHours",
      label: "Hours in which it can be undone",
      min: 0,
      max: 720,
      description: "What that needs is kept aside so long; 0: nothing is kept",
    },
    {
      name: "postCheckMinutes",
      label: "Minutes until the post-deployment check",
      min: 0,
      max: 10_080,
      description: "The old files are kept until then; 0: they go at once",
    },
    {
      name: "rollbackAfterSeconds",
      label: "Seconds until rollback",
      min: 30,
      max: 3_600,
      description: "A host rolls back by itself unless it is verified in this time",
    },
  ];

/** The options in a line. */
export const formatOptions = ({
  canary,
  batchSize,
  maxFailures,
  graceDays,
  undoHours,
}: PlanOptions): string =>
  [
    ...(canary ? ["one host first"] : []),
    `${batchSize} at a time`,
    `stop after ${maxFailures} failed`,
    ...(graceDays > 0 ? [`watch for ${formatCount(graceDays, "day")}`] : []),
    ...(undoHours > 0 ? [`can be undone for ${formatCount(undoHours, "hour")}`] : []),
  ].join(", ");

/** The fields for the pace of a run. */
export function OptionFields({ options, waits, rollsBack, isUndoable, onChange }: OptionFieldsProps) {
  const shown: Partial<Record<NumberName, boolean>> = {
    graceDays: waits === "grace" || waits === "watch",
    postCheckMinutes: waits === "post-check",
    rollbackAfterSeconds: rollsBack,
    undoHours: isUndoable,
  };
  return (
    <>
      <Checkbox
        size="xs"
        label="One host alone first"
        description="The others begin once it is verified"
        checked={options.canary}
        onChange={(event) => onChange({ canary: event.currentTarget.checked })}
      />
      <div className={decisionClasses.numbers}>
        {FIELDS.filter(({ name }) => shown[name] ?? true).map(({ name, ...field }) => (
          <TextInput
            key={name}
            size="xs"
            type="number"
            required
            withAsterisk={false}
            {...field}
            {...(name === "graceDays" && waits === "watch" && WATCHED)}
            value={options[name] ?? POST_CHECK_MINUTES}
            onChange={(event) => onChange({ [name]: event.currentTarget.valueAsNumber || 0 })}
          />
        ))}
      </div>
    </>
  );
}
