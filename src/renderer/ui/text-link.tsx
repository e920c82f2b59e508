import type { ReactNode } from "react";
import classes from "./text-link.module.css";

/** A link within text, told apart by more than its colour. */
export function TextLink({ children }: { children: ReactNode }) {
  return <span className={classes.link}>{children}</span>;
}
