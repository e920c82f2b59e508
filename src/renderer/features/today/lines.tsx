import { Button } from "@mantine/core";
import {
  IconArrowRight,
  IconCircleCheck,
  IconHelpCircle,
  IconRadar2,
  IconRefresh,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, use } from "react";
import { OffboardButton } from "#renderer/api/offboard.tsx";
import { ReloadButton } from "#renderer/api/reload.tsx";
import { usePlanRequest, useScanRequest } from "#renderer/api/scan-button.tsx";
import { OwnNamesContext } from "#renderer/ui/host-name.tsx";
import { SEVERITIES } from "#renderer/ui/severity.tsx";
import { toneClass } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { useNow } from "#renderer/ui/when.tsx";
import type { Today } from "#shared/contract/today.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { TodayLine } from "#shared/model/today.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { writeTarget } from "#shared/text/hosts/target.ts";
import { describeLine, formatClear, formatCoverage } from "#shared/text/today.ts";
import classes from "./today.module.css";

/** What needs somebody now, a line each, with the one thing to do about it; and what all of it is known from. */
export function TodayLines({ today: { lines, coverage, maxAgeDays } }: { today: Today }) {
  const hasFound = lines.some(({ kind }) => kind !== "unknown-targets");
  return (
    <section aria-label="What needs attention">
      {lines.length > 0 && (
        <ul className={classes.lines}>
          {lines.map((line) => (
            <LineOf key={keyOf(line)} line={line} />
          ))}
        </ul>
      )}
      {hasFound ? (
        <p className={classes.coverage}>{formatCoverage(coverage, maxAgeDays)}</p>
      ) : (
        <Clear {...formatClear(coverage, maxAgeDays)} />
      )}
    </section>
  );
}

/** Only where everything is known is nothing to do a good sign. */
function Clear({ isClear, sentence }: ReturnType<typeof formatClear>) {
  const Icon = isClear ? IconCircleCheck : IconHelpCircle;
  return (
    <p className={`${classes.clear} ${toneClass(isClear ? "green" : "amber")}`}>
      <Icon size={20} aria-hidden /> <span>{`${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`}</span>
    </p>
  );
}

function keyOf(line: TodayLine): string {
  switch (line.kind) {
    case "run":
      return `run ${line.run.id}`;
    case "former-person":
      return `person ${line.id}`;
    case "still-accepted":
      return `accepted ${line.runId} ${line.check.host}:${line.check.port} ${line.check.account} ${line.check.fingerprint}`;
    case "login":
      return `login ${line.login.id}`;
    case "finding":
      return line.finding.id;
    case "review":
      return `review ${line.review}`;
    case "undone-review":
      return `undone ${line.review}`;
    case "more-findings":
      return `more ${line.rule} ${line.severity}`;
    case "unknown-targets":
      return `${line.gap} ${line.targetKind} ${line.outcome}`;
    default:
      return assertNever(line);
  }
}

function LineOf({ line }: { line: TodayLine }) {
  const { tone, Icon, word } = SEVERITIES[line.severity];
  const { about, sentence, concerns } = describeLine(line, useNow(), use(OwnNamesContext));
  return (
    <li className={classes.line}>
      <span className={`${classes.lineMark} ${toneClass(tone)}`}>
        <Icon size={17} role="img" aria-label={word} />
      </span>
      <span className={classes.lineWords}>
        <span className={classes.lineAbout}>
          <LinkOf line={line}>
            <Untrusted text={about} limit={120} isCut />
          </LinkOf>
        </span>
        <span className={classes.lineSentence}>
          <Untrusted text={sentence} limit={400} isCut />
        </span>
      </span>
      <span className={classes.lineConcerns}>
        <Untrusted text={concerns} limit={60} isCut />
      </span>
      <span className={classes.lineAction}>
        <ActionOf line={line} />
      </span>
    </li>
  );
}

/** Leads to all that is known of what the line is about; to nothing where no screen lists these targets alone. */
function LinkOf({ line, children }: { line: TodayLine; children: ReactNode }) {
  if (line.kind === "unknown-targets" && gapOfHosts(line) === null) return children;
  return (
    <TextLink>
      <LineLink line={line}>{children}</LineLink>
    </TextLink>
  );
}

type UnknownLine = Extract<TodayLine, { kind: "unknown-targets" }>;

const gapOfHosts = ({ targetKind, gap }: UnknownLine): "failed" | "partial" | null =>
  targetKind === "ssh" && (gap === "failed" || gap === "partial") ? gap : null;

type LinkProps = { className?: string; children?: ReactNode };

function LineLink({ line, ...props }: LinkProps & { line: TodayLine }) {
  switch (line.kind) {
    case "run":
      return <Link to="/runs" search={{ open: line.run.id }} {...props} />;
    case "still-accepted":
      return <Link to="/runs" search={{ open: line.runId }} {...props} />;
    case "former-person":
      return <Link to="/people" search={{ open: line.id }} {...props} />;
    case "login":
      return <Link to="/logins" search={{ observed: true, open: line.login.id }} {...props} />;
    case "finding":
      return <Link to="/findings" search={{ open: line.finding.id }} {...props} />;
    case "review":
      return <Link to="/reviews" search={{ review: line.review, state: "open" }} {...props} />;
    case "undone-review":
      return <Link to="/reviews" search={{ review: line.review }} {...props} />;
    case "more-findings":
      return <Link to="/findings" search={{ rule: line.rule, severity: line.severity }} {...props} />;
    case "unknown-targets":
      return <Link to="/hosts" search={{ state: gapOfHosts(line) ?? undefined }} {...props} />;
    default:
      return assertNever(line);
  }
}

const BUTTON = { variant: "default", size: "compact-sm" } as const;

/** The one thing to do about a line. What changes hosts makes a plan first. */
function ActionOf({ line }: { line: TodayLine }) {
  const requestScan = useScanRequest();
  switch (line.kind) {
    case "run":
    case "still-accepted":
      return <OpenButton word="Open the run" renderLink={(props) => <LineLink line={line} {...props} />} />;
    case "login":
      return <OpenButton word="Open it" renderLink={(props) => <LineLink line={line} {...props} />} />;
    case "review":
    case "undone-review":
      return (
        <OpenButton word="Open the review" renderLink={(props) => <LineLink line={line} {...props} />} />
      );
    case "former-person":
      return <OffboardButton ids={[line.id]} buttonProps={BUTTON} />;
    case "finding":
      return <FindingAction line={line} />;
    case "more-findings":
      return <OpenButton word="List them" renderLink={(props) => <LineLink line={line} {...props} />} />;
    case "unknown-targets":
      return (
        <Button
          {...BUTTON}
          leftSection={<IconRadar2 size={15} />}
          onClick={() => requestScan(line.targets.map(({ target }) => writeTarget(target)).join("\n"))}
        >
          {isMoreThan(line.count, line.targets.length)
            ? `Scan the first ${line.targets.length}`
            : line.gap === "unprobed"
              ? "Scan"
              : "Scan again"}
        </Button>
      );
    default:
      return assertNever(line);
  }
}

function FindingAction({ line }: { line: Extract<TodayLine, { kind: "finding" }> }) {
  const requestPlan = usePlanRequest();
  const { rule, object, host } = line.finding;
  const isStale = line.isRenewed || rule === "certificate-not-reloaded";
  if (object.kind === "certificate" && isStale)
    return (
      <ReloadButton
        request={{
          kind: "reload",
          stale: [{ certificate: object.sha256, host: line.isRenewed ? null : host }],
        }}
        buttonProps={BUTTON}
      />
    );
  if (object.kind === "certificate" && (rule === "certificate-expired" || rule === "certificate-expiring"))
    return (
      <Button
        {...BUTTON}
        leftSection={<IconRefresh size={15} />}
        onClick={() => requestPlan({ kind: "rotate-certificate", certificates: [object.sha256] })}
      >
        Renew
      </Button>
    );
  if (object.kind === "grant")
    return (
      <OpenButton
        word="Review"
        renderLink={(props) => <Link to="/access" search={{ open: object.id }} {...props} />}
      />
    );
  return <OpenButton word="Open" renderLink={(props) => <LineLink line={line} {...props} />} />;
}

type OpenProps = { word: string; renderLink: (props: LinkProps) => ReactNode };

const OpenButton = ({ word, renderLink }: OpenProps) => (
  <Button {...BUTTON} rightSection={<IconArrowRight size={15} />} renderRoot={(props) => renderLink(props)}>
    {word}
  </Button>
);
