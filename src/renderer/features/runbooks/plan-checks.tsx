import { Checkbox } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconEyeOff,
  IconHandStop,
  type TablerIcon,
} from "@tabler/icons-react";
import { Notice } from "#renderer/ui/notice.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { Tag, type Tone } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Check } from "#shared/model/plan.ts";
import { consentOf } from "#shared/text/consent.ts";
import { sayCount } from "#shared/text/count.ts";
import classes from "./plan.module.css";

const LOOKS: Record<Check["state"], { tone: Tone; Icon: TablerIcon; word: string }> = {
  refused: { tone: "red", Icon: IconCircleX, word: "Refused" },
  consent: { tone: "orange", Icon: IconHandStop, word: "Needs consent" },
  warning: { tone: "amber", Icon: IconAlertTriangle, word: "Warning" },
  ok: { tone: "green", Icon: IconCircleCheck, word: "Passed" },
};

const ORDER = ["refused", "consent", "warning", "ok"] as const;

type Props = {
  checks: readonly Check[];
  consents: ReadonlySet<string>;
  onConsent: (name: string, isGiven: boolean) => void;
  /** It was run: nothing can be consented to any more. */
  isOver: boolean;
};

/** What was looked at before the plan was made: what stops it first; what passed is folded away. */
export function ChecksPanel({ checks, consents, onConsent, isOver }: Props) {
  const of = (state: Check["state"]) => checks.filter((check) => check.state === state);
  const passed = of("ok");
  return (
    <Panel title="Checks" note={sayResults(checks)}>
      <ul className={classes.checks}>
        {ORDER.filter((state) => state !== "ok")
          .flatMap(of)
          .map((check) => (
            <CheckLine key={`${check.state} ${consentOf(check)} ${check.text}`} check={check}>
              {check.state === "consent" && (
                <Checkbox
                  size="xs"
                  label="I accept that"
                  disabled={isOver}
                  checked={consents.has(consentOf(check))}
                  onChange={(event) => onConsent(consentOf(check), event.currentTarget.checked)}
                />
              )}
            </CheckLine>
          ))}
      </ul>
      {passed.length > 0 && (
        <details className={classes.passed} open={passed.length <= 4}>
          <summary>{sayCount(passed.length, "check")} passed</summary>
          <ul className={classes.checks}>
            {passed.map((check) => (
              <CheckLine key={`${consentOf(check)} ${check.text}`} check={check} />
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

function CheckLine({ check, children }: { check: Check; children?: React.ReactNode }) {
  const { tone, Icon, word } = LOOKS[check.state];
  return (
    <li className={classes.check}>
      <span>
        <Tag tone={tone} Icon={Icon}>
          {word}
        </Tag>
      </span>
      <div>
        <Untrusted text={check.text} limit={600} />
        {children}
      </div>
    </li>
  );
}

function sayResults(checks: readonly Check[]): string {
  const words = { refused: "refused", consent: "to consent to", warning: "to know of", ok: "passed" };
  return ORDER.map((state) => [checks.filter((check) => check.state === state).length, words[state]] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

/** What was meant to be in the plan, and why it is not: it stays as it is. */
export function LeftOut({ sentences }: { sentences: readonly string[] }) {
  if (sentences.length === 0) return null;
  return (
    <Notice
      tone="amber"
      Icon={IconEyeOff}
      title={`Left out, and not changed by this plan: ${sentences.length}`}
    >
      <ul className={classes.leftOut}>
        {sentences.map((sentence) => (
          <li key={sentence}>
            <Untrusted text={sentence} limit={600} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}
