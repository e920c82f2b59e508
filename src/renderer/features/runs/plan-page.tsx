import { Button } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowLeft,
  IconArrowRight,
  IconChecklist,
  IconCircleCheck,
  IconClockExclamation,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { CopyMark, WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { EmptyState, ErrorState, Notice, Panel } from "#renderer/ui/panel.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly, useNow } from "#renderer/ui/when.tsx";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { isKeyPlan, newKeyOf, oldKeyOf, type Plan, PlanId } from "#shared/model/runs/plan.ts";
import { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { formatNumbers, formatRest } from "#shared/text/access/review-numbers.ts";
import { formatCount } from "#shared/text/count.ts";
import { ApplyPanel, MakeAnew } from "./apply-panel.tsx";
import { CommandNote, ExportPanel } from "./export-panel.tsx";
import classes from "./plan.module.css";
import { Afterwards, ChecksPanel, LeftOut } from "./plan-checks.tsx";
import { HostPlans } from "./plan-hosts.tsx";
import { planRoute, useFoundPlan } from "./queries.ts";
import { describeOrder, formatPlan, KINDS } from "./words.ts";

/** A whole plan: what would be changed where, before anything is. */
export function PlanPage() {
  const { id } = planRoute.useSearch();
  if (id === undefined)
    return (
      <EmptyState
        Icon={IconChecklist}
        title="No plan is named"
        why="Rotate a key, renew a certificate or remove a grant: you review the plan before anything is written."
        action={<ToRuns />}
      />
    );
  return <PlanById key={id} id={PlanId.parse(id)} />;
}

function PlanById({ id }: { id: PlanId }) {
  const { data, error, refetch } = useFoundPlan(id);
  if (error) return <ErrorState doing="show this plan" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  return (
    <div className={classes.page}>
      <nav className={classes.back} aria-label="Where this plan belongs">
        <Link to="/runs">
          <IconArrowLeft size={14} aria-hidden /> All runs
        </Link>
      </nav>
      <ByState found={data} />
    </div>
  );
}

function ByState({ found }: { found: PlanDetail }) {
  switch (found.state) {
    case "making":
      return <PlanBeingMade found={found} />;
    case "failed":
      return <FailedPlan found={found} />;
    case "ready":
      return found.plan && found.hash ? (
        <ReadyPlan found={found} plan={found.plan} hash={found.hash} />
      ) : null;
    default:
      return assertNever(found.state);
  }
}

const ToRuns = () => (
  <Button size="xs" variant="default" renderRoot={(props) => <Link to="/runs" {...props} />}>
    All runs
  </Button>
);

/** Hosts are being read: how far, and that nothing is written meanwhile. */
function PlanBeingMade({ found: { read, total } }: { found: PlanDetail }) {
  const share = total === 0 ? 0 : (100 * read) / total;
  return (
    <Panel title="Making the plan">
      <p role="status">
        {total === 0
          ? "Looking up what it is about"
          : `${read.toLocaleString("en")} of ${formatCount(total, "host")} read`}
      </p>
      <svg
        className={classes.bar}
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${read} of ${total} read`}
      >
        <rect width="100" height="6" className={classes.track} />
        <rect width={share} height="6" className={classes.read} />
      </svg>
      <p className={classes.dim}>
        The files of each host are read. Nothing is written, and nothing will be before the plan is approved.
      </p>
    </Panel>
  );
}

/** Why there is no plan, and a button to plan the same request again. */
function FailedPlan({ found }: { found: PlanDetail }) {
  return (
    <>
      <Notice tone="red" Icon={IconAlertTriangle} title="No plan could be made">
        <p>
          <Untrusted
            text={`${found.message}${formatRest(found.review, found.request?.kind ?? null)}`}
            limit={2_000}
          />
        </p>
        <p>Nothing was written on any host.</p>
      </Notice>
      {found.request && <MakeAnew request={found.request} options={null} />}
    </>
  );
}

type Props = { found: PlanDetail; plan: Plan; hash: string };

/** The plan on the left; on the right, the decisions about it. */
function ReadyPlan({ found, plan, hash }: Props) {
  const [acknowledgements, setAcknowledgements] = useState<ReadonlySet<string>>(new Set());
  const [typed, setTyped] = useState("");
  const [isEdited, setEdited] = useState(false);
  const acknowledge = (names: readonly string[], isAcknowledged: boolean) => {
    const others = [...acknowledgements].filter((name) => !names.includes(name));
    setAcknowledgements(new Set(isAcknowledged ? [...others, ...names] : others));
  };
  return (
    <div className={classes.columns}>
      <div className={classes.what}>
        <Head found={found} plan={plan} hash={hash} />
        <Standing found={found} plan={plan} />
        <RestOfReview found={found} plan={plan} />
        <ChecksPanel
          checks={plan.checks}
          acknowledgements={acknowledgements}
          onAcknowledge={acknowledge}
          isOver={found.runId !== null}
        />
        <LeftOut sentences={plan.leftOut} />
        <Afterwards sentences={plan.kind === "rotate-host-key" ? plan.afterwards : []} />
        {plan.hosts.length > 0 && <Order plan={plan} />}
        <HostPlans plan={plan} />
      </div>
      <aside className={classes.decision} aria-label="Decision">
        <ApplyPanel
          found={found}
          plan={plan}
          hash={hash}
          acknowledgements={acknowledgements}
          typed={typed}
          isEdited={isEdited}
          onType={setTyped}
        />
        {found.request && (
          <MakeAnew request={found.request} options={PlanOptions.parse(plan.options)} onEdit={setEdited} />
        )}
        <ExportPanel
          found={found}
          plan={plan}
          hash={hash}
          acknowledgements={acknowledgements}
          typed={typed}
          isEdited={isEdited}
        />
        <CommandNote found={found} plan={plan} />
      </aside>
    </div>
  );
}

function Head({ found: { id }, plan, hash }: Props) {
  return (
    <header className={classes.head}>
      <p className={classes.kind}>
        Plan #{id}: {KINDS[plan.kind]}, made <Exactly instant={plan.madeAt} />
      </p>
      <h2 className={classes.title}>
        <Untrusted text={plan.title} />
      </h2>
      <p className={classes.summary}>{formatPlan(plan)}</p>
      <Keys plan={plan} />
      <p className={classes.dim}>
        Hash <Untrusted text={`${hash.slice(0, 16)}…`} isMono />
        <CopyMark value={hash} what="hash" /> is what is approved: exactly this, and nothing else.
      </p>
    </header>
  );
}

function Keys({ plan }: { plan: Plan }) {
  const [oldKey, newKey] = [oldKeyOf(plan), newKeyOf(plan)];
  if (oldKey === null && newKey === null) return null;
  return (
    <p className={classes.keys}>
      {oldKey !== null && <WholeFingerprint value={oldKey} />}
      {oldKey !== null && newKey !== null && (
        <IconArrowRight size={15} role="img" aria-label="is replaced by" />
      )}
      {newKey !== null && (
        <span>
          <Untrusted
            text={newKey.kind === "provided" ? "the given key" : `a new ${newKey.keyType} key`}
            limit={100}
          />{" "}
          {newKey.comment !== "" && <Untrusted text={newKey.comment} limit={100} />}
        </span>
      )}
    </p>
  );
}

/** After so long, the hosts' files may well have changed. */
const OLD_AFTER_MS = 30 * 60_000;

function Standing({ found: { runId }, plan: { madeAt } }: Pick<Props, "found" | "plan">) {
  const now = useNow();
  if (runId !== null)
    return (
      <Notice tone="blue" Icon={IconCircleCheck} title="This plan was approved">
        <p>
          What came of it is in{" "}
          <TextLink>
            <Link to="/runs" search={{ open: runId }}>
              run #{runId}
            </Link>
          </TextLink>
          . A plan is run once.
        </p>
      </Notice>
    );
  if (now.getTime() - Date.parse(madeAt) < OLD_AFTER_MS) return null;
  return (
    <Notice tone="amber" Icon={IconClockExclamation} title="This plan is old">
      <p>
        Hosts may have changed since. A file that has changed is not written, and the run stops there: make
        the plan anew.
      </p>
    </Notice>
  );
}

/** What a check refuses is left out of the plan of a review, and stays to be revoked. */
function RestOfReview({ found: { review, runId }, plan: { checks } }: Pick<Props, "found" | "plan">) {
  if (review === null || runId !== null || checks.every(({ state }) => state !== "refused")) return null;
  const { name, refused } = review;
  return (
    <Notice tone="red" Icon={IconAlertTriangle} title="A check refuses this plan">
      <p>
        It holds none of its items. Plan{" "}
        <TextLink>
          <Link to="/reviews" search={{ review: name }}>
            review {name}
          </Link>
        </TextLink>{" "}
        again, and leave out {refused.length === 0 ? "what is refused" : `items ${formatNumbers(refused)}`}.
      </p>
    </Notice>
  );
}

const AFTER_ALL = "A phase begins when the one before it is verified on every host";
const EACH_ALONE = "Hosts do not depend on each other: one that fails is left out";

function Order({ plan }: { plan: Plan }) {
  return (
    <Panel title="Order" note={isKeyPlan(plan) || plan.kind === "remove-account" ? AFTER_ALL : EACH_ALONE}>
      <ol className={classes.order}>
        {describeOrder(plan).map(({ title, text }) => (
          <li key={title}>
            <strong>{title}</strong>
            <span>
              <Untrusted text={text} />
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
