import { IconDatabaseExclamation } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import classes from "./frame.module.css";

/** Says on every screen that the database is damaged or that something is missing from it, and what to do. */
export function DatabaseBanner() {
  const { data } = useQuery(useApi().database.state.queryOptions());
  const sentence = data?.damage ?? data?.loss ?? null;
  if (sentence === null) return null;
  return (
    <div role="alert" className={classes.banner}>
      <IconDatabaseExclamation size={15} aria-hidden />
      <span className={classes.told}>
        <Untrusted text={sentence} limit={600} />
      </span>
    </div>
  );
}
