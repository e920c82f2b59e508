import { Checkbox } from "@mantine/core";
import type { TargetText } from "#shared/contract/targets.ts";
import type { ThisComputer } from "#shared/contract/this-computer.ts";
import { formatCount } from "#shared/text/count.ts";
import { useThisComputer } from "./queries.ts";
import classes from "./scans.module.css";

export type Source = TargetText["sources"][number];

type Props = { sources: readonly Source[]; onChange: (sources: Source[]) => void };

/** Hosts that this computer knows of already, and that may be visited beside what is written. */
export function Sources({ sources, onChange }: Props) {
  const computer = useThisComputer().data;
  const offered = computer ? listSources(computer) : [];
  if (offered.length === 0) return null;
  return (
    <fieldset className={classes.sources}>
      <legend>Also visit</legend>
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
