import type { ReactNode } from "react";
import classes from "./cells.module.css";
import { formatUntrusted, Untrusted } from "./text.tsx";

/** A stranger's text in a row: cut by the column's width, whole on hover. */
export function TextCell({
  text,
  more = null,
  isMono = false,
  isDim = false,
}: {
  text: string;
  /** What else is known of it, in fainter ink. */
  more?: string | null;
  isMono?: boolean;
  isDim?: boolean;
}) {
  return (
    <span
      className={`${classes.cut} ${isDim ? classes.dim : ""}`}
      title={formatUntrusted(more ? `${text}  ${more}` : text)}
    >
      <Untrusted text={text} limit={160} isCut isMono={isMono} />
      {more && (
        <span className={classes.dim}>
          {" "}
          <Untrusted text={more} limit={80} isCut />
        </span>
      )}
    </span>
  );
}

/** What a row is called, and what else is known of it in fainter ink. */
export function NameCell({ name, more }: { name: string; more?: string }) {
  return (
    <span className={classes.cut} title={formatUntrusted(more ? `${name}  ${more}` : name)}>
      <span className={classes.name}>
        <Untrusted text={name} limit={160} isCut />
      </span>
      {more && (
        <span className={classes.dim}>
          {" "}
          <Untrusted text={more} limit={160} isCut />
        </span>
      )}
    </span>
  );
}

/** Several small things beside each other. */
export function Inline({ children }: { children: ReactNode }) {
  return <span className={classes.inline}>{children}</span>;
}

export function Dim({ children }: { children: ReactNode }) {
  return <span className={classes.dim}>{children}</span>;
}

export function NumberCell({ value }: { value: number }) {
  return <span className={value === 0 ? classes.dim : ""}>{value.toLocaleString("en")}</span>;
}
