import { Button } from "@mantine/core";
import {
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconEye,
  IconHelpCircle,
  IconLoader,
  IconUserExclamation,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Drawer, DrawerTabs, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { CopyMark, Fingerprint, WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import headerChipClasses from "#renderer/ui/header-chip.module.css";
import { ErrorState, Notice } from "#renderer/ui/panel.tsx";
import { formatPromptTitle, PromptForm } from "#renderer/ui/prompts/prompt-form.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly, useNow, When } from "#renderer/ui/when.tsx";
import { toInstant } from "#shared/model/instant.ts";
import type { AccountUse, AccountWatch } from "#shared/model/runs/disabled-account.ts";
import type { AccessCheck, RunClaim, RunDetail, RunEntry, RunId } from "#shared/model/runs/run.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatAccount, formatHost } from "#shared/text/hosts/target.ts";
import { findNotReadToEnd, formatAccountUse } from "#shared/text/runs/disabled-account.ts";
import {
  CLAIM_REMEDY,
  describeClaim,
  formatClaimEvaluation,
  hasConfirmed,
} from "#shared/text/runs/result-claim.ts";
import { repairsOf } from "#shared/text/runs/run.ts";
import { ConfirmKey } from "./confirm-key.tsx";
import { Commands } from "./export-panel.tsx";
import { KeptKeys, OldKeyNotice, Remaining, Undo } from "./old-keys.tsx";
import { useAnswer, useJournal, usePrompts, useRun, useRuns } from "./queries.ts";
import { RunActions } from "./run-actions.tsx";
import { Orders } from "./run-orders.tsx";
import { formatProgress, LineCounts, PhaseSteps, RunBar, RunStateTag } from "./run-state.tsx";
import classes from "./runs.module.css";
import { formatPhaseTitle, KINDS } from "./words.ts";

type Tab = "steps" | "journal";

type Props = {
  runId: RunId;
  tab: Tab | undefined;
  onTab: (tab: Tab) => void;
  onClose: () => void;
};

export function RunDrawer({ runId, tab, onTab, onClose }: Props) {
  const { data, error } = useRun(runId);
  return (
    <Drawer
      label="run"
      title={data ? <Untrusted text={data.title} /> : `Run #${runId}`}
      subtitle={data && <Subtitle run={data} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this run" error={error} />}
      {data && (
        <>
          <Standing run={data} />
          <AccessChecks checks={data.accessChecks} />
          <Orders run={data} />
          <ConfirmKey run={data} />
          <DrawerTabs
            label="Parts of the run"
            open={tab}
            onOpen={onTab}
            tabs={[
              { name: "steps", title: "Steps", render: () => <PhaseSteps run={data} /> },
              { name: "journal", title: "Journal", render: () => <Journal run={data} /> },
            ]}
          />
          <About run={data} />
        </>
      )}
    </Drawer>
  );
}

const ANSWERS = {
  refused: { tone: "green", Icon: IconCircleCheck, word: "Refused" },
  accepted: { tone: "red", Icon: IconCircleX, word: "Still accepted" },
  unknown: { tone: "amber", Icon: IconHelpCircle, word: "Not known" },
} as const;

/** What sshd answers, account by account, about the keys whose lines are gone. */
function AccessChecks({ checks }: { checks: readonly AccessCheck[] }) {
  if (checks.length === 0) return null;
  return (
    <Section title="Is what was removed refused?" count={checks.length}>
      <Lines>
        {checks.map(({ host, port, account, fingerprint, answer, why, at }) => {
          const { tone, Icon, word } = ANSWERS[answer];
          return (
            <Line
              key={`${host}:${port} ${account} ${fingerprint}`}
              end={
                <Tag tone={tone} Icon={Icon}>
                  {word}
                </Tag>
              }
              below={
                <>
                  {why.length > 0 && <Untrusted text={`${why.join("; ")}; `} limit={600} />}
                  sshd was asked <When instant={at} />
                </>
              }
            >
              <Untrusted text={formatAccount({ host, port, account })} /> <Fingerprint value={fingerprint} />
            </Line>
          );
        })}
      </Lines>
    </Section>
  );
}

/** Kinds of run that change no lines of keys. */
const UNCOUNTED: ReadonlySet<RunDetail["kind"]> = new Set(["rotate-certificate", "reload", "remove-account"]);

function Subtitle({ run }: { run: RunDetail }) {
  return (
    <>
      <RunStateTag state={run.state} />
      <span>
        #{run.id}, {formatCount(run.hosts, "host")}
      </span>
      {!UNCOUNTED.has(run.kind) && <LineCounts counts={run} />}
    </>
  );
}

/** The state of a run, why, and what can be done about it. */
function Standing({ run }: { run: RunDetail }) {
  return (
    <Section title="Progress">
      <RunBar run={run} />
      <p role="status" className={classes.message}>
        {formatProgress(run)} done{run.failed > 0 && `, ${run.failed} failed`}
      </p>
      {run.message && (
        <p className={classes.why}>
          <Untrusted text={run.message} limit={1_000} />
        </p>
      )}
      {run.kind === "rotate-certificate" && run.state === "waiting" && run.dueAt !== null && (
        <p className={classes.why}>
          Due <Exactly instant={run.dueAt} />
        </p>
      )}
      {run.oldKeyWatch && <OldKeyNotice watch={run.oldKeyWatch} />}
      {run.accountWatch && <AccountNotice watch={run.accountWatch} />}
      <RunActions run={run} />
      <Remaining run={run} />
      <Undo run={run} />
      <KeptKeys run={run} />
      {run.claims.length > 0 && <Claims claims={run.claims} />}
      {run.byHand.length > 0 && <ByHand run={run} />}
    </Section>
  );
}

/** Who still needs accounts that were disabled, by the lines of logs; and until when they are watched. */
function AccountNotice({ watch }: { watch: AccountWatch }) {
  const { uses, tries, until, removedBy } = watch;
  const notRead = findNotReadToEnd(watch, toInstant(useNow())).map(formatHost);
  return (
    <div className={classes.byHand}>
      <Notice
        tone={uses.length > 0 ? "red" : "amber"}
        Icon={uses.length > 0 ? IconUserExclamation : IconEye}
        title={
          uses.length > 0
            ? "Somebody still needs them"
            : notRead.length > 0
              ? "Not known yet whether they are used"
              : "No use in the logs so far"
        }
      >
        {uses.length > 0 && <LogLines label="Uses of disabled accounts" lines={uses} />}
        {tries.length > 0 && (
          <>
            <p>Refused tries, by strangers or by whoever had a key that is revoked; they lengthen nothing:</p>
            <LogLines label="Refused tries" lines={tries} />
          </>
        )}
        {removedBy === null ? (
          <p>
            The logs are watched until <Exactly instant={until} />; each use begins the days anew. Then
            restore the accounts, remove them, or leave them disabled.
          </p>
        ) : (
          <p>Run #{removedBy} removes them. Until that can no longer be undone, this run waits.</p>
        )}
        {notRead.length > 0 && (
          <p>
            Whether they are used is not known, for the logs were not read to their end, at:{" "}
            <Untrusted text={notRead.join(", ")} limit={600} />
          </p>
        )}
      </Notice>
    </div>
  );
}

const LogLines = ({ label, lines }: { label: string; lines: readonly AccountUse[] }) => (
  <ul aria-label={label}>
    {lines.map((use) => (
      <li key={`${use.host} ${use.port} ${use.account} ${use.source} ${use.at} ${use.line}`}>
        <Untrusted text={formatAccountUse(use)} limit={1_200} />
      </li>
    ))}
  </ul>
);

/** What unverified results claim, and what the last readings of their hosts show about it. */
function Claims({ claims }: { claims: readonly RunClaim[] }) {
  return (
    <div className={classes.byHand}>
      <Notice tone="amber" Icon={IconAlertTriangle} title="Claimed, not verified">
        <ul aria-label="Claims" className={classes.claims}>
          {claims.map(({ evaluation, ...claim }) => (
            <li key={`${claim.host} ${claim.port} ${claim.phases.join()}`}>
              <Untrusted text={describeClaim(claim)} limit={2_000} />
              <strong>
                <Untrusted text={formatClaimEvaluation(evaluation)} limit={2_000} />
              </strong>
            </li>
          ))}
        </ul>
        {hasConfirmed(claims) && <p>Go on takes over what is confirmed.</p>}
        <p>{CLAIM_REMEDY}</p>
      </Notice>
    </div>
  );
}

function ByHand({ run }: { run: RunDetail }) {
  const lines = run.byHand;
  const hasRepair = repairsOf(run).length > 0;
  const script = lines.join("\n");
  return (
    <div className={classes.byHand}>
      <Notice
        tone="red"
        Icon={IconAlertOctagon}
        title={hasRepair ? "Repair it, or fix it by hand" : "Fix it by hand"}
      >
        <p>
          Latchkey could neither finish this nor roll it back.{" "}
          {hasRepair
            ? "Repair shows what it would change before it does so. By hand, do it in this order, then go on"
            : "Do it in this order, then go on"}
          : it reads the hosts again first. <CopyMark value={script} what="commands" />
        </p>
      </Notice>
      <Commands lines={lines} />
    </div>
  );
}

function About({ run }: { run: RunDetail }) {
  const { kind, planId, planHash, token, newKey, startedAt, endedAt } = run;
  return (
    <Section title="About">
      <Facts>
        <Fact name="Kind">{KINDS[kind]}</Fact>
        <Fact name="Plan">
          <TextLink>
            <Link to="/runs/plan" search={{ id: planId }}>
              #{planId}
            </Link>
          </TextLink>
          , approved by its hash <Untrusted text={planHash.slice(0, 12)} isMono />
          <CopyMark value={planHash} what="hash" />
        </Fact>
        {newKey && (
          <Fact name="New key">
            <WholeFingerprint value={newKey.fingerprint} />
          </Fact>
        )}
        <Fact name="Token">
          <Untrusted text={token} isMono />, in the name of all that it makes on hosts
        </Fact>
        <Fact name="Started">
          <Exactly instant={startedAt} />
        </Fact>
        <Fact name="Ended">{endedAt === null ? "not yet" : <Exactly instant={endedAt} />}</Fact>
      </Facts>
      <p className={classes.note}>
        On the command line: <code>latchkey runs show {run.id}</code>
      </p>
    </Section>
  );
}

/** In the header: the run that needs somebody, or else the one that is running, with a link to it. */
export function RunningRun() {
  const waiting = useRuns({ state: "needs-attention" }).list.rows.at(0);
  const running = useRuns({ state: "running" }).list.rows.at(0);
  const run = waiting ?? running;
  if (!run) return null;
  const Icon = waiting ? IconAlertOctagon : IconLoader;
  return (
    <Link
      to="/runs"
      search={{ open: run.id }}
      className={
        waiting ? `${headerChipClasses.chip} ${headerChipClasses.attention}` : headerChipClasses.chip
      }
    >
      <Icon size={14} aria-hidden />
      {waiting ? `Run #${run.id} needs attention` : `Run #${run.id}: ${formatProgress(run)}`}
    </Link>
  );
}

/**
 * Prompts of plans and runs, the oldest first, over whatever screen is open. Closing one continues without an answer.
 */
export function RunPrompts() {
  const [request, ...others] = usePrompts();
  const answer = useAnswer();
  if (!request) return null;
  const title = formatPromptTitle(request);
  return (
    <Dialog
      title={others.length > 0 ? `${title} (1 of ${others.length + 1})` : title}
      isOpen
      onClose={() => void answer(request.id, null).catch(() => undefined)}
      width={460}
    >
      <PromptForm
        key={request.id}
        request={request}
        work="runbook"
        hasOthers={false}
        onReply={({ answers }) => answer(request.id, answers)}
        onCancel={null}
      />
    </Dialog>
  );
}

const KIND_WORDS: Record<RunEntry["kind"], string> = {
  intends: "intends",
  acted: "done",
  verified: "verified",
  "rolled-back": "rolled back",
  failed: "failed",
  note: "note",
};

/** The journal, written before each act and after its result: the oldest entry first. */
function Journal({ run }: { run: RunDetail }) {
  const { rows, total, error, isFetching, fetchMore } = useJournal(run.id);
  if (error) return <ErrorState doing="read the journal" error={error} />;
  if (total === null) return null;
  return (
    <Section title="Journal" count={total}>
      <Lines>
        {rows.map((entry) => (
          <Line
            key={entry.id}
            end={<When instant={entry.at} />}
            below={<Untrusted text={entry.text} limit={600} />}
          >
            <span className={classes.entryKind}>{KIND_WORDS[entry.kind]}</span>{" "}
            <Untrusted text={formatStep(run, entry)} />
          </Line>
        ))}
      </Lines>
      {isMoreThan(total, rows.length) && (
        <Button variant="subtle" size="compact-sm" mt={8} loading={isFetching} onClick={fetchMore}>
          Show more
        </Button>
      )}
    </Section>
  );
}

function formatStep({ stepList, kind }: RunDetail, { ordinal }: RunEntry): string {
  const step = stepList.find((each) => each.ordinal === ordinal);
  if (!step) return "";
  const { phase, host, port } = step;
  const where = host === null ? "this computer" : formatHost({ host, port });
  return `${formatPhaseTitle(phase, kind).toLowerCase()}, ${where}`;
}
