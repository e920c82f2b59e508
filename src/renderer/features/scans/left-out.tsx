import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Notice } from "#renderer/ui/notice.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { BrokenEntry } from "#shared/contract/targets.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import classes from "./scans.module.css";

type Props = { broken: { total: number; first: BrokenEntry[] }; notes: readonly string[] };

/** What a scan will not do, said before it begins: words that cannot be read, and what of ssh_config is not followed. */
export function LeftOut({ broken, notes }: Props) {
  const more = broken.total - broken.first.length;
  return (
    <>
      {broken.total > 0 && (
        <Notice
          tone="amber"
          Icon={IconAlertTriangle}
          title={`${sayCount(broken.total, "entry", "entries")} cannot be read, and ${broken.total === 1 ? "is" : "are"} left out`}
        >
          <Reasons label="What cannot be read">
            {broken.first.map(({ where, text, why }) => (
              <li key={`${where} ${text}`}>
                <Untrusted text={`${where}: ${text === "" ? "it" : `"${text}"`} ${why}`} />
              </li>
            ))}
            {more > 0 && <li>and {sayNumber(more)} more</li>}
          </Reasons>
        </Notice>
      )}
      {notes.length > 0 && (
        <Notice
          tone="gray"
          Icon={IconInfoCircle}
          title="Not all of this computer's SSH settings are followed"
        >
          <Reasons label="What is not followed">
            {notes.map((note) => (
              <li key={note}>
                <Untrusted text={note} />
              </li>
            ))}
          </Reasons>
        </Notice>
      )}
    </>
  );
}

/** A list that scrolls within itself: by the keyboard, too. */
function Reasons({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className={classes.reasons} aria-label={label} tabIndex={0}>
      <ul>{children}</ul>
    </section>
  );
}
