import { Checkbox } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Notice } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { type BrokenEntry, LOGINS_SHOWN, type TargetText } from "#shared/contract/scans.ts";
import type { ThisComputer } from "#shared/contract/settings.ts";
import type { Target } from "#shared/model/hosts/target.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatKind, formatTarget } from "#shared/text/hosts/target.ts";
import { useThisComputer } from "./queries.ts";
import classes from "./scans.module.css";

type Preview = {
  total: number;
  ssh: number;
  tls: number;
  first: Target[];
  logins: string[];
  keyFiles: number;
  broken: { total: number; first: BrokenEntry[] };
  notes: string[];
};

const SHOWN = 6;

/** What will be probed and how, before anything is: no surprise about where a login is tried, or as whom. */
export function TargetPreview({ preview, remembered }: { preview: Preview | undefined; remembered: number }) {
  if (!preview)
    return (
      <p className={classes.preview}>
        {remembered > 0
          ? `Nothing is written above: the ${formatCount(remembered, "target")} remembered from before would be scanned again`
          : "A bare name is scanned twice: by SSH on port 22 and by TLS on port 443"}
      </p>
    );
  return (
    <>
      <Targets preview={preview} />
      <LeftOut broken={preview.broken} notes={preview.notes} />
    </>
  );
}

function Targets({ preview }: { preview: Preview }) {
  const computer = useThisComputer().data;
  const more = preview.total - Math.min(preview.first.length, SHOWN);
  return (
    <div className={classes.preview}>
      <p>
        <strong>{formatCount(preview.total, "target")}</strong>: {preview.ssh.toLocaleString("en")} over SSH,{" "}
        {preview.tls.toLocaleString("en")} over TLS{formatEstimate(preview.total)}
      </p>
      <ul className={classes.chips}>
        {preview.first.slice(0, SHOWN).map((target) => (
          <li key={`${target.kind} ${formatTarget(target)}`} className={classes.chip}>
            <span className={classes.kind}>{formatKind(target)}</span>
            <Untrusted text={formatTarget(target)} />
          </li>
        ))}
        {more > 0 && <li className={classes.moreTargets}>and {more.toLocaleString("en")} more</li>}
      </ul>
      <p>
        {preview.ssh === 0 ? (
          "No login is attempted: TLS endpoints get a handshake only"
        ) : (
          <>
            Logs in over SSH {preview.logins.length > 0 && "as "}
            <Untrusted text={formatLogins(preview)} /> with {formatKeys(preview, computer)}; a host whose key
            is not known yet waits until you accept that
          </>
        )}
      </p>
    </div>
  );
}

const formatLogins = ({ logins }: Preview): string =>
  `${logins.join(", ")}${logins.length === LOGINS_SHOWN ? " and maybe others" : ""}`;

function formatKeys({ keyFiles }: Preview, computer: ReturnType<typeof useThisComputer>["data"]): string {
  const usable = computer?.identityFiles.filter(({ unusable }) => unusable === null).length ?? 0;
  const agent = computer?.agent.identities.length ?? 0;
  const found = [
    keyFiles > 0 && `${formatCount(keyFiles, "key file")} of ssh_config`,
    agent > 0 && `${formatCount(agent, "key")} of your agent`,
    usable > 0 && `${formatCount(usable, "key file")} of yours`,
  ].filter((words) => words !== false);
  return found.join(", ") || "no key: none was found on this computer, so name one in the options";
}

/** Connections that nobody answers take 3 s each; so many are waited for at a time. */
const [TIMEOUT_S, AT_A_TIME] = [3, 128];

function formatEstimate(total: number): string {
  const most = Math.ceil(total / AT_A_TIME) * TIMEOUT_S;
  if (most < 60) return "; takes seconds";
  return `; takes up to ${formatCount(Math.ceil(most / 60), "minute")} if none answers`;
}

type Props = { broken: { total: number; first: BrokenEntry[] }; notes: readonly string[] };

/**
 * What a scan will not do, shown before it begins: words that cannot be read, and what of ssh_config is not followed.
 */
function LeftOut({ broken, notes }: Props) {
  const more = broken.total - broken.first.length;
  return (
    <>
      {broken.total > 0 && (
        <Notice
          tone="amber"
          Icon={IconAlertTriangle}
          title={`${formatCount(broken.total, "entry", "entries")} cannot be read, and ${broken.total === 1 ? "is" : "are"} left out`}
        >
          <Reasons label="What cannot be read">
            {broken.first.map(({ where, text, why }) => (
              <li key={`${where} ${text}`}>
                <Untrusted text={`${where}: ${text === "" ? "it" : `"${text}"`} ${why}`} />
              </li>
            ))}
            {more > 0 && <li>and {formatNumber(more)} more</li>}
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

export type Source = TargetText["sources"][number];

type SourcesProps = { sources: readonly Source[]; onChange: (sources: Source[]) => void };

/** Hosts that this computer knows of already, and that may be scanned beside what is typed. */
export function Sources({ sources, onChange }: SourcesProps) {
  const computer = useThisComputer().data;
  const offered = computer ? listSources(computer) : [];
  if (offered.length === 0) return null;
  return (
    <fieldset className={classes.sources}>
      <legend>Also scan</legend>
      {offered.map(({ source, label }) => (
        <Checkbox
          key={source}
          size="xs"
          label={label}
          checked={sources.includes(source)}
          onChange={({ currentTarget: { checked } }) =>
            onChange(checked ? [...sources, source] : sources.filter((other) => other !== source))
          }
        />
      ))}
    </fieldset>
  );
}

function listSources({ sshConfig, knownHosts }: ThisComputer): { source: Source; label: string }[] {
  const named = knownHosts.entries - knownHosts.hashed;
  return [
    ...(sshConfig.hosts > 0
      ? [{ source: "ssh-config" as const, label: `${formatCount(sshConfig.hosts, "host")} of ~/.ssh/config` }]
      : []),
    ...(named > 0
      ? [
          {
            source: "known-hosts" as const,
            label: `Names in known_hosts (${formatCount(named, "entry", "entries")} not hashed)`,
          },
        ]
      : []),
  ];
}
