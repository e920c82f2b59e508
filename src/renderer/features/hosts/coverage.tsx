import { IconCheck, IconEyeOff } from "@tabler/icons-react";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { HostDetail } from "#shared/model/host.ts";
import classes from "./hosts.module.css";

/** What the last reading could not read, and why, before what it could. */
export function CoverageOf({ coverage: { read, notRead } }: { coverage: HostDetail["coverage"] }) {
  if (read.length + notRead.length === 0) return null;
  return (
    <Section title="Coverage">
      <Lines>
        {notRead.map(({ what, why }) => (
          <Line key={`${what} ${why}`} below={<Untrusted text={why} />}>
            <span className={classes.unread}>
              <IconEyeOff size={15} aria-label="not read" /> <Untrusted text={what} />
            </span>
          </Line>
        ))}
        {read.map((what) => (
          <Line key={what}>
            <span className={classes.readMark}>
              <IconCheck size={15} aria-label="read" /> <Untrusted text={what} />
            </span>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}
