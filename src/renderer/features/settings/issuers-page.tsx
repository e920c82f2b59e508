import { ErrorState } from "#renderer/ui/panel.tsx";
import { IssuersPanel } from "./issuers-panel.tsx";
import { useSettings } from "./queries.ts";
import { RootsPanel } from "./roots-panel.tsx";
import classes from "./settings.module.css";
import { VaultPanel } from "./vault-panel.tsx";

/** Who signs certificates, what keeps their keys, and which roots are trusted beside those of others. */
export function IssuersPage() {
  const { data, error, refetch } = useSettings();
  return (
    <div className={classes.page}>
      {error && <ErrorState doing="read the settings" error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          <IssuersPanel isReadOnly={data.isReadOnly} />
          <VaultPanel isReadOnly={data.isReadOnly} />
          <RootsPanel />
        </>
      )}
    </div>
  );
}
