import { ErrorState } from "#renderer/ui/states.tsx";
import { AppearancePanel } from "./appearance-panel.tsx";
import { AuditPanel } from "./audit-panel.tsx";
import { BackupsPanel } from "./backups-panel.tsx";
import { DataPanel } from "./data-panel.tsx";
import { IssuersPanel } from "./issuers-panel.tsx";
import { useSettings } from "./queries.ts";
import { RootsPanel } from "./roots-panel.tsx";
import classes from "./settings.module.css";
import { TargetsPanel } from "./targets-panel.tsx";
import { TrustPanel } from "./trust-panel.tsx";
import { VaultPanel } from "./vault-panel.tsx";

export function SettingsPage() {
  const { data, error, refetch } = useSettings();
  return (
    <div className={classes.page}>
      <AppearancePanel />
      {error && <ErrorState doing="read the settings" error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          <DataPanel settings={data} />
          <BackupsPanel settings={data} />
          <VaultPanel isReadOnly={data.isReadOnly} />
          <IssuersPanel isReadOnly={data.isReadOnly} />
          <AuditPanel eventCount={data.eventCount} />
          <TrustPanel settings={data} />
          <RootsPanel />
          <TargetsPanel />
          <p className={classes.version}>Latchkey {data.version}</p>
        </>
      )}
    </div>
  );
}
