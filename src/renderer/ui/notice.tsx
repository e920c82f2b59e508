import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./notice.module.css";
import { type Tone, toneClass } from "./tag.tsx";

type Props = { tone: Tone; Icon: TablerIcon; title: ReactNode; children?: ReactNode };

/** A few sentences that must not be missed. */
export function Notice({ tone, Icon, title, children }: Props) {
  return (
    <div className={`${classes.notice} ${toneClass(tone)}`}>
      <Icon size={17} className={classes.icon} aria-hidden />
      <div className={classes.words}>
        <div className={classes.title}>{title}</div>
        {children}
      </div>
    </div>
  );
}
