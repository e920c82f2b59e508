import { IconHistory } from "@tabler/icons-react";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { HostDetail } from "#shared/model/host.ts";
import { sayWindow } from "#shared/text/log-window.ts";
import classes from "./hosts.module.css";

/** From when to when the logs of the host tell of logins: outside of that, that nobody came is not known. */
export function LogWindows({ host: { logWindows, lastRead } }: { host: HostDetail }) {
  if (lastRead === null) return null;
  const newestFirst = [...logWindows].sort((one, other) => other.to.localeCompare(one.to));
  return (
    <Section title="Logs of logins" count={logWindows.length}>
      <Lines>
        {newestFirst.map((window) => (
          <Line key={`${window.source} ${window.from}`} below={sayWindow(window)}>
            <span className={classes.readMark}>
              <IconHistory size={15} aria-hidden /> <Untrusted text={window.source} isMono />
            </span>
          </Line>
        ))}
        {logWindows.length === 0 && <Line>no log tells of every login, so no key is known to be unused</Line>}
      </Lines>
    </Section>
  );
}
