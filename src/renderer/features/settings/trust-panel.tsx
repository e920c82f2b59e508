import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { sayCount } from "#shared/text/count.ts";
import classes from "./settings.module.css";

type Props = { settings: { knownHostsFiles: string[]; pinCount: number } };

export function TrustPanel({ settings: { knownHostsFiles, pinCount } }: Props) {
  return (
    <Panel title="Host keys" note="A host is logged in to only when its key is one of these">
      <div className={classes.row}>
        <span className={classes.name}>Pins</span>
        <span className={classes.value}>
          {sayCount(pinCount, "host key")} that you have trusted here; to forget one, open its host in{" "}
          <TextLink>
            <Link to="/hosts">Hosts</Link>
          </TextLink>
        </span>
      </div>
      <div className={classes.row}>
        <span className={classes.name}>known_hosts</span>
        <ul className={classes.value}>
          {knownHostsFiles.length === 0 && <li>no file on this computer</li>}
          {knownHostsFiles.map((path) => (
            <li key={path}>
              <Untrusted text={path} isMono />
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  );
}
