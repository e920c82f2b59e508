import { Button, TextInput } from "@mantine/core";
import { IconPlayerPlay, IconRefresh } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { RequestDraft } from "#renderer/api/scan-button.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { useKeys } from "#renderer/ui/use-keys.ts";
import type { PlanDetail } from "#shared/contract/runs.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { formatCount } from "#shared/text/count.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import decisionClasses from "./decision.module.css";
import classes from "./decision.module.css";
import { LoginFields, useLogins } from "./logins.tsx";
import { formatOptions, OptionFields, usualOptionsOf } from "./plan-dialog.tsx";
import { hasFields, RequestFields } from "./plan-fields.tsx";
import { planRoute, useMakePlan, useStartRun } from "./queries.ts";

type Props = {
  found: PlanDetail;
  plan: Plan;
  hash: string;
  acknowledgements: ReadonlySet<string>;
  typed: string;
  /** Its options were changed since, and it does not hold them. */
  isEdited: boolean;
  onType: (typed: string) => void;
};

/** Approves the plan by its hash, once no check refuses it, each risk is acknowledged, and the word is typed. */
export function ApplyPanel({ found, plan, hash, acknowledgements, typed, isEdited, onType }: Props) {
  const { identityFiles } = useLogins();
  const navigate = planRoute.useNavigate();
  const { mutate, isPending, error } = useStartRun();
  const missing = [...(isEdited ? [EDITED] : []), ...listMissing(plan, acknowledgements, typed)];
  const apply = () => {
    if (missing.length > 0 || isPending || found.runId !== null) return;
    mutate(
      {
        planId: found.id,
        hash,
        acknowledgements: [...acknowledgements],
        typed: typed || null,
        identityFiles,
        mayPrompt: true,
      },
      { onSuccess: ({ runId }) => void navigate({ to: "/runs", search: { open: runId } }) },
    );
  };
  useKeys([["Mod+Enter", apply]]);
  if (found.runId !== null) return <Approved runId={found.runId} />;
  return (
    <Panel title="Apply">
      <form
        className={classes.form}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          apply();
        }}
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <p className={classes.dim}>
          {plan.kind === "reload" ? NOT_UNDONE : "Nothing is written before this."}
        </p>
        {plan.confirm && <TypedWord confirm={plan.confirm} typed={typed} onType={onType} />}
        {missing.length > 0 && (
          <ul className={classes.missing} aria-label="What is missing">
            {missing.map((part) => (
              <li key={part}>{part}</li>
            ))}
          </ul>
        )}
        {error && <Refused error={error} found={found} plan={plan} />}
        <Button
          type="submit"
          size="sm"
          leftSection={<IconPlayerPlay size={16} />}
          title="Apply (Ctrl+Enter)"
          loading={isPending}
          disabled={missing.length > 0}
        >
          Apply on {formatCount(plan.hosts.length, "host")}
        </Button>
        <LoginFields />
      </form>
    </Panel>
  );
}

const NOT_UNDONE = "Nothing is reloaded before this. A reload cannot be undone.";

function Approved({ runId }: { runId: number }) {
  return (
    <Panel title="Apply">
      <Button
        size="xs"
        variant="default"
        renderRoot={(props) => <Link to="/runs" search={{ open: runId }} {...props} />}
      >
        Show run #{runId}
      </Button>
    </Panel>
  );
}

/** Most often, a host has changed since it was read: then the same is planned again. */
function Refused({ error, found, plan }: { error: Error; found: PlanDetail; plan: Plan }) {
  const { makeAnew, isPending } = useAnew();
  return (
    <div role="alert" className={classes.refusal}>
      <p>
        <Untrusted text={error.message} limit={1_000} />
      </p>
      {found.request && (
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconRefresh size={14} />}
          loading={isPending}
          onClick={() => found.request && makeAnew(found.request, PlanOptions.parse(plan.options))}
        >
          Make the plan anew
        </Button>
      )}
    </div>
  );
}

/** Of a plan whose options were changed after it was made. */
export const EDITED = "what you have changed is not in this plan: make the plan anew";

function listMissing(
  { checks, confirm, hosts }: Plan,
  acknowledgements: ReadonlySet<string>,
  typed: string,
): string[] {
  const refused = checks.filter(({ state }) => state === "refused").length;
  const open = checks.filter(
    (check) => check.state === "acknowledge" && !acknowledgements.has(acknowledgementOf(check)),
  ).length;
  return [
    ...(hosts.length === 0 ? ["there is nothing to change"] : []),
    ...(refused > 0 ? [`${formatCount(refused, "check")} ${refused === 1 ? "refuses" : "refuse"} it`] : []),
    ...(open > 0 ? [`${formatCount(open, "risk")} to acknowledge`] : []),
    ...(confirm !== null && typed !== confirm.word ? ["the word is not typed yet"] : []),
  ];
}

type WordProps = { confirm: NonNullable<Plan["confirm"]>; typed: string; onType: (typed: string) => void };

/** The field for the word that must be typed, with the reasons. */
export function TypedWord({ confirm: { word, why }, typed, onType }: WordProps) {
  return (
    <>
      <ul className={classes.why} aria-label="Why you must type a word">
        {why.map((reason) => (
          <li key={reason}>
            <Untrusted text={reason} limit={300} />
          </li>
        ))}
      </ul>
      <TextInput
        size="xs"
        label={
          <>
            Type <Untrusted text={word} isMono />
          </>
        }
        value={typed}
        onChange={(event) => onType(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}

/** Plans a request again, and goes to the new plan. */
function useAnew() {
  const navigate = planRoute.useNavigate();
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useMakePlan();
  const makeAnew = (request: RequestDraft, options: PlanOptions) =>
    mutate(
      { request, options, identityFiles, mayPrompt: true },
      { onSuccess: ({ planId }) => void navigate({ to: ".", search: { id: planId } }) },
    );
  return { makeAnew, isPending, error };
}

type MakeAnewProps = {
  request: RequestDraft;
  options: PlanOptions | null;
  /** Whether the fields differ from what the plan that is shown was made of. */
  onEdit?: (isEdited: boolean) => void;
};

/** The request and its options, and the plan of them made anew: hosts are read again. */
export function MakeAnew({ request: initial, options: before, onEdit }: MakeAnewProps) {
  const [request, setRequest] = useState(initial);
  const [options, setOptions] = useState(before ?? usualOptionsOf(initial));
  const edit = (edited: { request: RequestDraft; options: PlanOptions }) => {
    setRequest(edited.request);
    setOptions(edited.options);
    onEdit?.(
      JSON.stringify(edited) !==
        JSON.stringify({ request: initial, options: before ?? usualOptionsOf(initial) }),
    );
  };
  const { makeAnew, isPending, error } = useAnew();
  const make = () => makeAnew(request, options);
  useKeys([["Mod+P", make]]);
  const form = (
    <form
      className={decisionClasses.form}
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
    >
      {hasFields(request) && (
        <RequestFields request={request} onChange={(request) => edit({ request, options })} />
      )}
      <OptionFields
        options={options}
        waits={
          request.kind === "disable-account"
            ? "watch"
            : GRACED.has(request.kind)
              ? "grace"
              : request.kind === "rotate-certificate"
                ? "post-check"
                : null
        }
        rollsBack={request.kind !== "reload"}
        isUndoable={!NOT_UNDOABLE.has(request.kind)}
        onChange={(patch) => edit({ request, options: { ...options, ...patch } })}
      />
      {before === null && <LoginFields />}
      {error && (
        <p role="alert" className={decisionClasses.refusal}>
          <Untrusted text={error.message} limit={1_000} />
        </p>
      )}
      <Button
        type="submit"
        variant="default"
        size="xs"
        leftSection={<IconRefresh size={15} />}
        title="Make the plan anew (Ctrl+Shift+P)"
        loading={isPending}
      >
        Make the plan anew
      </Button>
    </form>
  );
  return (
    <Panel title={before === null ? "Again" : "Options"}>
      {before === null ? (
        form
      ) : (
        <details className={decisionClasses.fold}>
          <summary>{formatOptions(before)}</summary>
          {form}
        </details>
      )}
    </Panel>
  );
}

/** Kinds with an old key, which may stay beside the new one for some days. */
const NOT_UNDOABLE: ReadonlySet<RequestDraft["kind"]> = new Set([
  "rotate-host-key",
  "rotate-certificate",
  "reload",
  "disable-account",
]);

const GRACED: ReadonlySet<RequestDraft["kind"]> = new Set([
  "rotate-key",
  "rotate-host-key",
  "move-to-authority",
]);
