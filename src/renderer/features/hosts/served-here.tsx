import { ServedLines } from "#renderer/ui/served-lines.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { useServedOn } from "./queries.ts";

/** What the configurations of this host's servers say is served here, and what is; what is not comes first. */
export function ServedHere({ host }: { host: string }) {
  const { data, error } = useServedOn(host);
  if (error) return <ErrorState doing="show what it serves" error={error} />;
  return data ? <ServedLines title="What it serves" {...data} from={null} /> : null;
}
