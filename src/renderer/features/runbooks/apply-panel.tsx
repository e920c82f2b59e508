import { Button, TextInput } from "@mantine/core";
import { IconPlayerPlay, IconRefresh } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { useKeys } from "#renderer/ui/use-keys.ts";
import type { PlanDetail } from "#shared/contract/runbooks.ts";
import { type Plan, requestedOptions } from "#shared/model/plan.ts";
import { acknowledgementOf } from "#shared/text/consent.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./decision.module.css";
import { LoginFields, useLogins } from "./old-keys.tsx";
import { useAnew } from "./plan-page.tsx";
import { planRoute, useStartRun } from "./queries.ts";

type Props = {
  found: PlanDetail;
  plan: Plan;
  hash: string;
  consents: ReadonlySet<string>;
  typed: string;
  /** Its options were changed since, and it does not hold them. */
  isEdited: boolean;
  onType: (typed: string) => void;
};

/** Approves the plan by its hash, once nothing refuses it, all is consented to, and the word is typed. */
export function ApplyPanel({ found, plan, hash, consents, typed, isEdited, onType }: Props) {
  const { identityFiles } = useLogins();
  const navigate = planRoute.useNavigate();
  const { mutate, isPending, error } = useStartRun();
  const lacks = [...(isEdited ? [EDITED] : []), ...formatLacks(plan, consents, typed)];
  const apply = () => {
    if (lacks.length > 0 || isPending || found.runId !== null) return;
    mutate(
      { planId: found.id, hash, consents: [...consents], typed: typed || null, identityFiles, mayAsk: true },
      { onSuccess: ({ runId }) => void navigate({ to: "/runbooks", search: { open: runId } }) },
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
        <p className={classes.dim}>Nothing is written before this.</p>
        {plan.confirm && <TypedWord confirm={plan.confirm} typed={typed} onType={onType} />}
        {lacks.length > 0 && (
          <ul className={classes.lacks} aria-label="What is missing">
            {lacks.map((lack) => (
              <li key={lack}>{lack}</li>
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
          disabled={lacks.length > 0}
        >
          Apply on {formatCount(plan.hosts.length, "host")}
        </Button>
        <LoginFields />
      </form>
    </Panel>
  );
}

function Approved({ runId }: { runId: number }) {
  return (
    <Panel title="Apply">
      <Button
        size="xs"
        variant="default"
        renderRoot={(props) => <Link to="/runbooks" search={{ open: runId }} {...props} />}
      >
        Show run #{runId}
      </Button>
    </Panel>
  );
}

/** Most often: a host holds something else than when it was read. Then the same is planned again. */
function Refused({ error, found, plan }: { error: Error; found: PlanDetail; plan: Plan }) {
  const { makeAnew, isPending } = useAnew();
  return (
    <div role="alert" className={classes.refusal}>
      <p>
        <Untrusted text={error.message} limit={1_000} />
      </p>
      {found.wish && (
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconRefresh size={14} />}
          loading={isPending}
          onClick={() => found.wish && makeAnew(found.wish, requestedOptions(plan))}
        >
          Make the plan anew
        </Button>
      )}
    </div>
  );
}

/** Of a plan whose options were changed after it was made. */
export const EDITED = "what you have changed is not in this plan: make the plan anew";

function formatLacks(
  { checks, confirm, hosts }: Plan,
  consents: ReadonlySet<string>,
  typed: string,
): string[] {
  const refused = checks.filter(({ state }) => state === "refused").length;
  const open = checks.filter(
    (check) => check.state === "consent" && !consents.has(acknowledgementOf(check)),
  ).length;
  return [
    ...(hosts.length === 0 ? ["there is nothing to change"] : []),
    ...(refused > 0 ? [`${formatCount(refused, "check")} ${refused === 1 ? "refuses" : "refuse"} it`] : []),
    ...(open > 0 ? [`${formatCount(open, "check")} to consent to`] : []),
    ...(confirm !== null && typed !== confirm.word ? ["the word is to be typed"] : []),
  ];
}

type WordProps = { confirm: NonNullable<Plan["confirm"]>; typed: string; onType: (typed: string) => void };

/** What is to be typed, and why. */
export function TypedWord({ confirm: { word, why }, typed, onType }: WordProps) {
  return (
    <>
      <ul className={classes.why} aria-label="Why a word is to be typed">
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
