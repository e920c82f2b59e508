import {
  IconAlertHexagon,
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleDot,
  IconInfoCircle,
  type TablerIcon,
} from "@tabler/icons-react";
import type { FindingBrief, Severity } from "#shared/model/finding.ts";
import { Tag, type Tone } from "./tag.tsx";
import { formatUntrusted } from "./text.tsx";

type Look = { tone: Tone; Icon: TablerIcon; word: string };

export const SEVERITIES: Record<Severity, Look> = {
  critical: { tone: "red", Icon: IconAlertOctagon, word: "Critical" },
  high: { tone: "orange", Icon: IconAlertHexagon, word: "High" },
  medium: { tone: "amber", Icon: IconAlertTriangle, word: "Medium" },
  low: { tone: "blue", Icon: IconCircleDot, word: "Low" },
  info: { tone: "gray", Icon: IconInfoCircle, word: "Info" },
};

const ORDER: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

export function SeverityTag({ severity }: { severity: Severity }) {
  const { tone, Icon, word } = SEVERITIES[severity];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

/** How many findings a thing has, in the colour of the worst. */
export function FindingCount({ findings }: { findings: readonly FindingBrief[] }) {
  const worst = ORDER.find((severity) => findings.some((finding) => finding.severity === severity));
  if (!worst) return null;
  const { tone, Icon, word } = SEVERITIES[worst];
  return (
    <span title={findings.map(({ sentence }) => formatUntrusted(sentence)).join("\n")}>
      <Tag tone={tone} Icon={Icon}>
        {findings.length === 1 ? word : `${word} +${findings.length - 1}`}
      </Tag>
    </span>
  );
}
