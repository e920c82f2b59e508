import {
  IconArrowUp,
  IconCircleCheck,
  IconFileUnknown,
  IconHelpCircle,
  IconKey,
  IconQuestionMark,
  IconRobot,
  IconServerCog,
  IconSettings,
  IconShieldUp,
  IconUser,
  type TablerIcon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { AccountKind, RootStanding } from "#shared/model/access/account.ts";
import type {
  LoginBaseline,
  LoginObservation,
  LoginObservationDetail,
  LoginRow,
} from "#shared/model/access/login.ts";
import type { AccountView } from "#shared/model/hosts/host.ts";
import { ROOT_WORDS } from "#shared/text/access/account.ts";
import { formatEscalation, formatMeans } from "#shared/text/access/graph.ts";
import {
  EVIDENCE_WORDS,
  FILE_EVIDENCE,
  formatBaseline,
  formatBaselineNotes,
  formatFormerAccount,
  formatHours,
  formatLoginEvidence,
  formatMeans as formatLoginMeans,
  formatObserved,
  LINES_TITLES,
  LOGIN_RULES,
  originOf,
} from "#shared/text/access/login.ts";
import { formatCount } from "#shared/text/count.ts";
import { Dim, NameCell, NumberCell, TextCell } from "./cells.tsx";
import { Fact, Facts, Line, Lines, Section, Verbatim } from "./drawer/drawer.tsx";
import { HostCell, HostName } from "./host-name.tsx";
import classes from "./logins.module.css";
import { Notice } from "./panel.tsx";
import { SeverityTag } from "./severity.tsx";
import type { Column } from "./table/column.ts";
import { Tag, type Tone } from "./tag.tsx";
import { beginLarge, Untrusted } from "./text.tsx";
import { Exactly, When } from "./when.tsx";

export const ACCOUNT_KINDS: Record<AccountKind, { tone: Tone; Icon: TablerIcon; word: string }> = {
  person: { tone: "blue", Icon: IconUser, word: "Person" },
  service: { tone: "green", Icon: IconServerCog, word: "Service" },
  bot: { tone: "orange", Icon: IconRobot, word: "Bot" },
  system: { tone: "gray", Icon: IconSettings, word: "System" },
  unknown: { tone: "amber", Icon: IconHelpCircle, word: "Unknown" },
};

/** What an account is for. `isAlone`: no head of a column says what is unknown. */
export function AccountKindTag({ kind, isAlone = false }: { kind: AccountKind; isAlone?: boolean }) {
  const { tone, Icon, word } = ACCOUNT_KINDS[kind];
  return (
    <Tag tone={tone} Icon={Icon}>
      {isAlone && kind === "unknown" ? "Kind unknown" : word}
    </Tag>
  );
}

const ROOT: Record<Exclude<RootStanding, "no">, { tone: Tone; Icon: TablerIcon }> = {
  "is-root": { tone: "red", Icon: IconShieldUp },
  "becomes-root": { tone: "red", Icon: IconArrowUp },
  maybe: { tone: "amber", Icon: IconQuestionMark },
  unknown: { tone: "amber", Icon: IconHelpCircle },
};

/** Whether an account is as good as root; nothing where it is not. */
export function RootTag({ root }: { root: RootStanding }) {
  if (root === "no") return null;
  return <Tag {...ROOT[root]}>{root === "unknown" ? "Root unknown" : beginLarge(ROOT_WORDS[root])}</Tag>;
}

/** What an account becomes by a rule, and how that works. Red where no password stands before it. */
export function EscalationWords({ escalation }: { escalation: AccountView["becomes"][number] }) {
  const { commands, shell, password } = escalation;
  const isLimited = commands === "some" && shell === null;
  const tone = isLimited ? "gray" : password === "none" ? "red" : "orange";
  return (
    <>
      <Tag tone={tone} Icon={IconArrowUp}>
        <Untrusted text={formatEscalation(escalation)} />
      </Tag>{" "}
      <Untrusted text={formatMeans(escalation)} />
    </>
  );
}

/** An open agent: whoever is that account, or root, signs with what it holds. */
export function AgentWords({ agent: { kind, path } }: { agent: AccountView["agents"][number] }) {
  return (
    <>
      <Tag tone="orange" Icon={IconKey}>
        {kind === "forwarded" ? "forwarded agent" : "agent"}
      </Tag>{" "}
      <Untrusted text={path} isMono />
    </>
  );
}

/** How an account is usually entered: what its later logins are compared with. */
export function BaselineLines({ baseline }: { baseline: LoginBaseline }) {
  const { addresses, methods, hours } = baseline;
  return (
    <>
      <p className={classes.dim}>{[formatBaseline(baseline), ...formatBaselineNotes(baseline)].join("; ")}</p>
      <Lines>
        {addresses.map(({ from, days }) => (
          <Line key={`from ${from}`} end={formatCount(days, "day")}>
            from <Untrusted text={from} isMono />
          </Line>
        ))}
        {methods.map(({ days, ...means }) => (
          <Line key={`by ${means.method} ${means.by}`} end={formatCount(days, "day")}>
            by <Untrusted text={formatLoginMeans(means)} isMono />
          </Line>
        ))}
        {hours.length > 0 && <Line>hours: {formatHours(hours)}, by the clock of the host</Line>}
      </Lines>
    </>
  );
}

/** What a login stands out by, its lines of the log, and what is usual. */
export function ObservedDetails({ login, children }: { login: LoginObservationDetail; children: ReactNode }) {
  const { facts, evidence, lines, baseline, firstAt, lastAt, host, port, acceptance } = login;
  return (
    <>
      <p className={classes.sentence}>
        {beginLarge(LOGIN_RULES[facts.rule])}: <Untrusted text={formatObserved(login)} limit={1_000} />
      </p>
      {formatFormerAccount(login).map((text) => (
        <p key={text} className={classes.dim}>
          {beginLarge(text)}.
        </p>
      ))}
      {evidence === "file" && (
        <Notice tone="amber" Icon={IconFileUnknown} title="Plain files alone show it">
          {FILE_EVIDENCE}
        </Notice>
      )}
      {acceptance && (
        <Notice tone="green" Icon={IconCircleCheck} title={`Accepted until ${acceptance.until}`}>
          <Untrusted text={acceptance.reason} limit={1_000} />
        </Notice>
      )}
      {children}
      <Section title={LINES_TITLES[originOf(facts.rule)]}>
        {lines.length === 0 ? (
          <p className={classes.dim}>None was kept.</p>
        ) : (
          <Verbatim>
            {lines.map((line) => (
              <div key={line}>
                <Untrusted text={line} limit={500} />
              </div>
            ))}
          </Verbatim>
        )}
      </Section>
      {baseline && (
        <Section title="What is usual">
          <BaselineLines baseline={baseline} />
        </Section>
      )}
      <Section title="Login">
        <Facts>
          <Fact name="By">
            <Untrusted text={formatLoginMeans(login)} isMono />
          </Fact>
          <Fact name="First">
            <Exactly instant={firstAt} />
          </Fact>
          <Fact name="Last">
            <Exactly instant={lastAt} />
          </Fact>
          <Fact name="Host">
            <HostName host={host} port={port} />
          </Fact>
          <Fact name="Rule">
            <code>{facts.rule}</code>
          </Fact>
        </Facts>
      </Section>
    </>
  );
}

export const LOGIN_COLUMNS: readonly Column<LoginRow>[] = [
  { id: "day", title: "Day", minWidth: 96, sortBy: "day", cell: ({ day }) => day, text: ({ day }) => day },
  {
    id: "host",
    title: "Host",
    minWidth: 120,
    grow: 2,
    cell: ({ host, port }) => <HostCell host={host} port={port} />,
    text: ({ host }) => host,
  },
  {
    id: "account",
    title: "Account",
    minWidth: 104,
    grow: 1,
    cell: ({ account }) => <NameCell name={account} />,
    text: ({ account }) => account,
  },
  {
    id: "by",
    title: "By",
    minWidth: 160,
    grow: 2,
    cell: (row) => <TextCell text={formatLoginMeans(row)} isDim />,
    text: formatLoginMeans,
  },
  {
    id: "from",
    title: "From",
    minWidth: 130,
    grow: 1,
    cell: ({ from }) => <TextCell text={from} />,
    text: ({ from }) => from,
  },
  {
    id: "count",
    title: "Logins",
    minWidth: 66,
    isNumber: true,
    cell: ({ count }) => <NumberCell value={count} />,
    text: ({ count }) => String(count),
  },
  {
    id: "hours",
    title: "Hours",
    minWidth: 130,
    grow: 1,
    cell: ({ hours }) => <TextCell text={formatHours(hours)} isDim />,
    text: ({ hours }) => formatHours(hours),
  },
  {
    id: "log",
    title: "Log",
    minWidth: 104,
    cell: (row) => <Dim>{formatLoginEvidence(row)}</Dim>,
    text: formatLoginEvidence,
  },
];

export const OBSERVED_COLUMNS: readonly Column<LoginObservation>[] = [
  {
    id: "severity",
    title: "Severity",
    minWidth: 104,
    sortBy: "severity",
    cell: ({ severity }) => <SeverityTag severity={severity} />,
    text: ({ severity }) => severity,
  },
  {
    id: "host",
    title: "Host",
    minWidth: 110,
    grow: 1,
    cell: ({ host, port }) => <HostCell host={host} port={port} />,
    text: ({ host }) => host,
  },
  {
    id: "account",
    title: "Account",
    minWidth: 104,
    grow: 1,
    cell: ({ account }) => <NameCell name={account} />,
    text: ({ account }) => account,
  },
  {
    id: "what",
    title: "What stands out",
    minWidth: 260,
    grow: 5,
    cell: (row) => <TextCell text={beginLarge(formatObserved(row))} />,
    text: formatObserved,
  },
  {
    id: "last",
    title: "Last",
    minWidth: 98,
    sortBy: "lastAt",
    cell: ({ lastAt }) => <When instant={lastAt} />,
    text: ({ lastAt }) => lastAt,
  },
  {
    id: "log",
    title: "Log",
    minWidth: 90,
    cell: ({ evidence }) => <Dim>{EVIDENCE_WORDS[evidence]}</Dim>,
    text: ({ evidence }) => EVIDENCE_WORDS[evidence],
  },
];
