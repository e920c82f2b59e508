import type { ReactNode } from "react";
import classes from "./panel.module.css";

type Props = { title: string; note?: ReactNode; action?: ReactNode; children: ReactNode };

/** A part of a page in a frame of its own. */
export function Panel({ title, note, action, children }: Props) {
  return (
    <section className={classes.panel}>
      <header className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        {note && <span className={classes.note}>{note}</span>}
        {action && <span className={classes.action}>{action}</span>}
      </header>
      {children}
    </section>
  );
}
