import { Checkbox } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconEyeOff,
  IconHandStop,
  IconInfoCircle,
  type TablerIcon,
} from "@tabler/icons-react";
import { Notice, Panel } from "#renderer/ui/panel.tsx";
import { Tag, type Tone } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Check } from "#shared/model/runs/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import classes from "./plan.module.css";

const TAGS: Record<Check["state"], { tone: Tone; Icon: TablerIcon; word: string }> = {
  refused: { tone: "red", Icon: IconCircleX, word: "Refused" },
  acknowledge: { tone: "orange", Icon: IconHandStop, word: "Acknowledgement needed" },
  warning: { tone: "amber", Icon: IconAlertTriangle, word: "Warning" },
  ok: { tone: "green", Icon: IconCircleCheck, word: "Passed" },
};

const ORDER = ["refused", "acknowledge", "warning", "ok"] as const;

type Props = {
  checks: readonly Check[];
  acknowledgements: ReadonlySet<string>;
  onAcknowledge: (names: readonly string[], isAcknowledged: boolean) => void;
  /** It was run: nothing can be acknowledged any more. */
  isOver: boolean;
};

/** What was checked before the plan was made: what stops it first; what passed is folded away. */
export function ChecksPanel({ checks, acknowledgements, onAcknowledge, isOver }: Props) {
  const groups = groupAlike(checks);
  const passed = groups.filter(({ state }) => state === "ok");
  return (
    <Panel title="Checks" note={formatResults(checks)}>
      <ul className={classes.checks}>
        {groups
          .filter(({ state }) => state !== "ok")
          .map((group) => (
            <CheckLine key={group.key} group={group}>
              {group.state === "acknowledge" && (
                <Checkbox
                  size="xs"
                  label="I accept this risk"
                  disabled={isOver}
                  checked={group.names.every((name) => acknowledgements.has(name))}
                  onChange={(event) => onAcknowledge(group.names, event.currentTarget.checked)}
                />
              )}
            </CheckLine>
          ))}
      </ul>
      {passed.length > 0 && (
        <details className={classes.passed} open={passed.length <= 4}>
          <summary>
            {formatCount(checks.filter(({ state }) => state === "ok").length, "check")} passed
          </summary>
          <ul className={classes.checks}>
            {passed.map((group) => (
              <CheckLine key={group.key} group={group} />
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

type Group = {
  key: string;
  state: Check["state"];
  text: string;
  hosts: string[];
  /** The acknowledgement of each of them. */
  names: string[];
};

/** A check that says the same of several hosts is shown once, with the hosts; what stops the plan comes first. */
function groupAlike(checks: readonly Check[]): Group[] {
  const groups = new Map<string, Group>();
  for (const check of checks) {
    const { state, id, text, host } = check;
    const key = `${state} ${id} ${text}`;
    const group = groups.get(key) ?? { key, state, text, hosts: [], names: [] };
    const hosts = host === null || group.hosts.includes(host) ? group.hosts : [...group.hosts, host];
    groups.set(key, { ...group, hosts, names: [...group.names, acknowledgementOf(check)] });
  }
  return [...groups.values()].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
}

function CheckLine({ group, children }: { group: Group; children?: React.ReactNode }) {
  const { state, text, hosts } = group;
  const { tone, Icon, word } = TAGS[state];
  return (
    <li className={classes.check}>
      <span>
        <Tag tone={tone} Icon={Icon}>
          {word}
        </Tag>
      </span>
      <div>
        <Untrusted text={text} limit={600} />
        {hosts.length > 0 && (
          <p className={classes.where}>
            <Untrusted text={hosts.join(", ")} limit={200} />
          </p>
        )}
        {children}
      </div>
    </li>
  );
}

function formatResults(checks: readonly Check[]): string {
  const words = { refused: "refused", acknowledge: "to acknowledge", warning: "to know of", ok: "passed" };
  return ORDER.map((state) => [checks.filter((check) => check.state === state).length, words[state]] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

/** What somebody may have to do elsewhere once the plan is executed. */
export function Afterwards({ sentences }: { sentences: readonly string[] }) {
  if (sentences.length === 0) return null;
  return (
    <Notice tone="gray" Icon={IconInfoCircle} title="Afterwards">
      <ul className={classes.leftOut}>
        {sentences.map((sentence) => (
          <li key={sentence}>
            <Untrusted text={sentence} limit={2_000} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** What should have been in the plan, and why it is not: it stays as it is. */
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
