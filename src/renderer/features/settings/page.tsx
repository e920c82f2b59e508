import { Button, SegmentedControl, TextInput, useMantineColorScheme } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconListCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { ErrorState, Panel } from "#renderer/ui/panel.tsx";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { MaxAgeDays } from "#shared/contract/today.ts";
import { formatCount } from "#shared/text/count.ts";
import { BackupsPanel, DataPanel } from "./data-panel.tsx";
import { useSetMaxAge, useSettings, useVerification } from "./queries.ts";
import classes from "./settings.module.css";
import { TargetsPanel } from "./targets-panel.tsx";

export function SettingsPage() {
  const { data, error, refetch } = useSettings();
  return (
    <div className={classes.page}>
      <AppearancePanel />
      {error && <ErrorState doing="read the settings" error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          <AgePanel key={data.maxAgeDays} settings={data} />
          <DataPanel settings={data} />
          <BackupsPanel settings={data} />
          <AuditPanel eventCount={data.eventCount} />
          <TrustPanel settings={data} />
          <TargetsPanel />
          <p className={classes.version}>Latchkey {data.version}</p>
        </>
      )}
    </div>
  );
}

type AgeProps = { settings: { maxAgeDays: number; isReadOnly: boolean } };

/** After how long a reading no longer says how a target is now. */
function AgePanel({ settings: { maxAgeDays, isReadOnly } }: AgeProps) {
  const [days, setDays] = useState(String(maxAgeDays));
  const { mutate, isPending } = useSetMaxAge();
  const number = MaxAgeDays.safeParse(Number(days)).data;
  return (
    <Panel title="Age of readings" note="What was last read longer ago is listed on Today as not known">
      <form
        className={classes.row}
        onSubmit={(event) => {
          event.preventDefault();
          if (number !== undefined)
            mutate({ days: number }, { onSuccess: () => toast(`Saved: ${formatCount(number, "day")}`) });
        }}
      >
        <label htmlFor="max-age" className={classes.name}>
          Days
        </label>
        <div className={classes.act}>
          <TextInput
            id="max-age"
            size="xs"
            type="number"
            min={1}
            max={3650}
            w={90}
            disabled={isReadOnly}
            value={days}
            onChange={(event) => setDays(event.currentTarget.value)}
          />
          <Button
            type="submit"
            variant="default"
            size="xs"
            loading={isPending}
            disabled={isReadOnly || number === undefined || number === maxAgeDays}
          >
            Save
          </Button>
        </div>
      </form>
    </Panel>
  );
}

type Props = { settings: { knownHostsFiles: string[]; pinCount: number } };

function TrustPanel({ settings: { knownHostsFiles, pinCount } }: Props) {
  return (
    <Panel title="Host keys" note="A host is logged in to only when its key is one of these">
      <div className={classes.row}>
        <span className={classes.name}>Pins</span>
        <span className={classes.value}>
          {formatCount(pinCount, "host key")} that you have trusted here; to forget one, open its host in{" "}
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

function AuditPanel({ eventCount }: { eventCount: number }) {
  const { data, error, isFetching, refetch } = useVerification();
  return (
    <Panel title="Audit log" note={`${formatCount(eventCount, "event")}, each sealed with the one before it`}>
      <div className={classes.row}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconListCheck size={15} />}
          loading={isFetching}
          onClick={() => void refetch()}
        >
          Verify the chain
        </Button>
        <span role="status">
          {error && <Untrusted text={error.message} />}
          {data?.brokenAt === null && (
            <Tag tone="green" Icon={IconCircleCheck}>
              whole: {formatCount(data.eventCount, "event")} checked
            </Tag>
          )}
          {data && data.brokenAt !== null && (
            <Tag tone="red" Icon={IconCircleX}>
              broken at event {data.brokenAt}: somebody changed the file
            </Tag>
          )}
        </span>
      </div>
    </Panel>
  );
}

// Mantine would stop transitions by a <style> element, which the page's policy refuses: they are kept.
function AppearancePanel() {
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const { density, setDensity } = usePreferences();
  return (
    <Panel title="Appearance">
      <div className={classes.row}>
        <span className={classes.name}>Theme</span>
        <SegmentedControl
          aria-label="Theme"
          size="xs"
          transitionDuration={0}
          value={colorScheme}
          onChange={setColorScheme}
          data={[
            { value: "auto", label: "As the system" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
        />
      </div>
      <div className={classes.row}>
        <span className={classes.name}>Rows</span>
        <SegmentedControl
          aria-label="Rows"
          size="xs"
          transitionDuration={0}
          value={density}
          onChange={setDensity}
          data={[
            { value: "comfortable", label: "Comfortable" },
            { value: "compact", label: "Compact" },
          ]}
        />
      </div>
    </Panel>
  );
}
