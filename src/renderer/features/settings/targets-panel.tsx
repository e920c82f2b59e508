import { ActionIcon } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { SearchField } from "#renderer/ui/table/search-field.tsx";
import { sayUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { TransportWish } from "#shared/model/transport.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import { sayKind, sayTarget, writeTarget } from "#shared/text/target.ts";
import { useRememberedTargets, useRemoveTarget } from "./queries.ts";
import classes from "./settings.module.css";

/** What carries a login, as it was asked for when the target was last scanned. */
const TRANSPORTS: Record<TransportWish, string> = {
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
  const found = data.filter(({ target }) => sayTarget(target).includes(search.trim()));
  const forget = (text: string) =>
    remove.mutate(
      { text },
      { onSuccess: () => toast("The target is forgotten; what was seen there is kept") },
    );
  return (
    <Panel
      title="Remembered targets"
      note={data.length === 0 ? "What you scan is remembered here" : sayCount(data.length, "target")}
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
          {found.slice(0, SHOWN).map(({ id, target, useSudo, transport, way, addedAt }) => {
            const text = sayTarget(target);
            return (
              <Line
                key={id}
                end={
                  <>
                    {target.kind === "ssh" && TRANSPORTS[transport]} {useSudo && "by sudo,"}{" "}
                    {way !== "" && (
                      <>
                        through <Untrusted text={way} />,
                      </>
                    )}{" "}
                    added <When instant={addedAt} />
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size={24}
                      aria-label={`Forget ${sayUntrusted(text)}`}
                      title="Forget this target"
                      onClick={() => forget(writeTarget(target))}
                    >
                      <IconTrash size={15} />
                    </ActionIcon>
                  </>
                }
              >
                <span className={classes.kind}>{sayKind(target)}</span> <Untrusted text={text} />
              </Line>
            );
          })}
        </Lines>
      )}
      {found.length > SHOWN && (
        <p className={classes.more}>and {sayNumber(found.length - SHOWN)} more: search for them above</p>
      )}
    </Panel>
  );
}
