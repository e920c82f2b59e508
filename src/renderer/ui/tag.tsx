import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./tag.module.css";

export type Tone = "red" | "orange" | "amber" | "green" | "blue" | "gray";

type Props = { tone: Tone; Icon: TablerIcon; children: ReactNode; isPlain?: boolean };

/** A state: its icon, its word and its colour together, never the colour alone. */
export function Tag({ tone, Icon, children, isPlain = false }: Props) {
  return (
    <span className={`${classes.tag} ${classes[tone]} ${isPlain ? classes.plain : ""}`}>
      <Icon size={14} stroke={2} aria-hidden />
      {children}
    </span>
  );
}

export const toneClass = (tone: Tone): string | undefined => classes[tone];
