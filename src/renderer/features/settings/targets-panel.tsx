import { ActionIcon } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { SearchField } from "#renderer/ui/table/search-field.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { TransportRequest } from "#shared/model/hosts/probe.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatKind, formatTarget, writeTarget } from "#shared/text/hosts/target.ts";
import { useRememberedTargets, useRemoveTarget } from "./queries.ts";
import classes from "./settings.module.css";

/** The SSH client of a login, as it was requested when the target was last scanned. */
const TRANSPORTS: Record<TransportRequest, string> = {
  auto: "any transport,",
  ssh2: "by ssh2,",
  system: "by this computer's ssh,",
};

/** More than this are found by searching. */
const SHOWN = 100;

export function TargetsPanel() {
  const { data = [] } = useRememberedTargets();
  const [search, setSearch] = useState("");
  const remove = useRemoveTarget();
  const found = data.filter(({ target }) => formatTarget(target).includes(search.trim()));
  const forget = (text: string) =>
    remove.mutate(
      { text },
      { onSuccess: () => toast("The target is forgotten; what was seen there is kept") },
    );
  return (
    <Panel
      title="Remembered targets"
      note={data.length === 0 ? "What you scan is remembered here" : formatCount(data.length, "target")}
      action={data.length > 10 && <SearchField value={search} hint="Search targets" onChange={setSearch} />}
    >
      {remove.error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={remove.error.message} />
        </p>
      )}
      {found.length === 0 && (
        <p className={classes.more}>{data.length === 0 ? "None yet" : "None has that in its name"}</p>
      )}
      {found.length > 0 && (
        <Lines>
          {found.slice(0, SHOWN).map(({ id, target, useSudo, transport, route, addedAt }) => {
            const text = formatTarget(target);
            return (
              <Line
                key={id}
                end={
                  <>
                    {target.kind === "ssh" && TRANSPORTS[transport]} {useSudo && "by sudo,"}{" "}
                    {route !== "" && (
                      <>
                        through <Untrusted text={route} />,
                      </>
                    )}{" "}
                    added <When instant={addedAt} />
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size={24}
                      aria-label={`Forget ${formatUntrusted(text)}`}
                      title="Forget this target"
                      onClick={() => forget(writeTarget(target))}
                    >
                      <IconTrash size={15} />
                    </ActionIcon>
                  </>
                }
              >
                <span className={classes.kind}>{formatKind(target)}</span> <Untrusted text={text} />
              </Line>
            );
          })}
        </Lines>
      )}
      {found.length > SHOWN && (
        <p className={classes.more}>and {formatNumber(found.length - SHOWN)} more: search for them above</p>
      )}
    </Panel>
  );
}
