import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useCopied } from "./clipboard.ts";
import classes from "./text.module.css";
import { formatUntrusted, Untrusted } from "./text.tsx";

/** A long identity with its middle left out; all of it on hover and in the clipboard. */
export function Fingerprint({ value, keep = 6 }: { value: string; keep?: number }) {
  const head = value.startsWith("SHA256:") ? 7 + keep : keep;
  const short = value.length > head + keep + 1 ? `${value.slice(0, head)}…${value.slice(-keep)}` : value;
  return (
    <span className={classes.fingerprint}>
      <span className={classes.middle} title={formatUntrusted(value)}>
        <Untrusted text={short} isCut />
      </span>
      <CopyMark value={value} what="fingerprint" />
    </span>
  );
}

/** All of it, to be read and compared. */
export function WholeFingerprint({ value }: { value: string }) {
  return (
    <span className={classes.fingerprint}>
      <Untrusted text={value} />
      <CopyMark value={value} what="fingerprint" />
    </span>
  );
}

/** A small button that copies, and says that it did. */
export function CopyMark({ value, what }: { value: string; what: string }) {
  const { isCopied, copy } = useCopied();
  return (
    <button
      type="button"
      className={classes.copy}
      aria-label={isCopied ? "Copied" : `Copy the ${what}`}
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation();
        copy(value);
      }}
    >
      {isCopied ? <IconCheck size={13} /> : <IconCopy size={13} />}
    </button>
  );
}
