import {
  IconCircleCheck,
  IconCircleX,
  IconClockCheck,
  IconClockOff,
  IconGhost,
  IconHelpCircle,
  IconUserCheck,
  IconUserOff,
  IconUserQuestion,
  type TablerIcon,
} from "@tabler/icons-react";
import type { OrphanState } from "#shared/model/access/grant.ts";
import type { Effective, Owner, Use } from "#shared/model/access/verdict.ts";
import { Tag, type Tone } from "./tag.tsx";
import { Untrusted } from "./text.tsx";
import classes from "./verdict.module.css";

type TagContent = { tone: Tone; Icon: TablerIcon; word: string };

export const EFFECTIVE: Record<Effective["state"], TagContent> = {
  yes: { tone: "green", Icon: IconCircleCheck, word: "Can log in" },
  no: { tone: "gray", Icon: IconCircleX, word: "Cannot log in" },
  unknown: { tone: "amber", Icon: IconHelpCircle, word: "Unknown" },
};

export const OWNER: Record<Owner["state"], TagContent> = {
  known: { tone: "green", Icon: IconUserCheck, word: "Current owner" },
  gone: { tone: "red", Icon: IconUserOff, word: "Former owner" },
  unknown: { tone: "gray", Icon: IconUserQuestion, word: "Unknown owner" },
};

export const USE: Record<Use["state"], TagContent> = {
  used: { tone: "green", Icon: IconClockCheck, word: "Used" },
  unused: { tone: "orange", Icon: IconClockOff, word: "Unused" },
  unknown: { tone: "gray", Icon: IconHelpCircle, word: "Use unknown" },
};

const ORPHAN: Record<OrphanState, string> = {
  gone: "Former owner",
  unused: "Unused",
  "private-key-not-found": "Nobody's",
  unknown: "Orphan unknown",
};

/** That a grant is an orphan, where the sentence beside it says why. */
export function OrphanMark() {
  return <IconGhost size={15} className={classes.orphan} role="img" aria-label="Orphaned:" />;
}

/** That a grant is an orphan, and why; or that this is not known. */
export function OrphanTag({ orphan }: { orphan: OrphanState }) {
  return (
    <Tag tone={orphan === "unknown" ? "amber" : "red"} Icon={IconGhost}>
      {ORPHAN[orphan]}
    </Tag>
  );
}

export function EffectiveTag({ state }: { state: Effective["state"] }) {
  const { tone, Icon, word } = EFFECTIVE[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

/** By name where one is known. */
export function OwnerTag({ state, who }: Pick<Owner, "state" | "who">) {
  const { tone, Icon, word } = OWNER[state];
  const name = who === null || state === "unknown" ? null : state === "gone" ? `former: ${who}` : who;
  return (
    <Tag tone={tone} Icon={Icon} isPlain>
      {name === null ? word : <Untrusted text={name} limit={40} isCut />}
    </Tag>
  );
}

/** A use that only plain files show is a claim: any user of the host can have lines written to them. */
export function UseTag({ state, evidence }: Pick<Use, "state" | "evidence">) {
  const { tone, Icon, word } = USE[state];
  return (
    <Tag tone={tone} Icon={Icon} isPlain>
      {word}
      {evidence === "file" && ", claimed"}
    </Tag>
  );
}
