import {
  IconArrowUp,
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
import type { AccountKind, RootStanding } from "#shared/model/access/account.ts";
import type { AccountView } from "#shared/model/hosts/host.ts";
import { ROOT_WORDS } from "#shared/text/access/account.ts";
import { formatEscalation, formatMeans } from "#shared/text/access/graph.ts";
import { Tag, type Tone } from "./tag.tsx";
import { beginLarge, Untrusted } from "./text.tsx";

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
