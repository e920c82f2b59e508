import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import type { RequestDraft } from "#renderer/api/plan-request.ts";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { useKeys } from "#renderer/ui/use-keys.ts";
import type { PlanOptions } from "#shared/model/plan.ts";
import classes from "./decision.module.css";
import { LoginFields, useLogins } from "./logins.tsx";
import { formatOptions, NO_OPTIONS, OptionFields } from "./option-fields.tsx";
import { planRoute, useMakePlan } from "./queries.ts";
import { hasFields, RequestFields } from "./wish-fields.tsx";

type Props = {
  wish: RequestDraft;
  options: PlanOptions | null;
  /** Whether what stands in the fields is something else than the plan that is shown was made of. */
  onEdit?: (isEdited: boolean) => void;
};

/** The wish and its options, and the plan of them made anew: hosts are read again. */
export function MakeAnew({ wish: asked, options: before, onEdit }: Props) {
  const [wish, setRequest] = useState(asked);
  const [options, setOptions] = useState(before ?? NO_OPTIONS);
  const edit = (edited: { wish: RequestDraft; options: PlanOptions }) => {
    setRequest(edited.wish);
    setOptions(edited.options);
    onEdit?.(JSON.stringify(edited) !== JSON.stringify({ wish: asked, options: before ?? NO_OPTIONS }));
  };
  const { makeAnew, isPending, error } = useAnew();
  const make = () => makeAnew(wish, options);
  useKeys([["Mod+P", make]]);
  const form = (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
    >
      {hasFields(wish) && <RequestFields wish={wish} onChange={(wish) => edit({ wish, options })} />}
      <OptionFields
        options={options}
        waits={GRACED.has(wish.kind) ? "grace" : wish.kind === "rotate-certificate" ? "recheck" : null}
        onChange={(patch) => edit({ wish, options: { ...options, ...patch } })}
      />
      {before === null && <LoginFields />}
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} limit={1_000} />
        </p>
      )}
      <Button
        type="submit"
        variant="default"
        size="xs"
        leftSection={<IconRefresh size={15} />}
        title="Make the plan anew (Ctrl+Shift+P)"
        loading={isPending}
      >
        Make the plan anew
      </Button>
    </form>
  );
  return (
    <Panel title={before === null ? "Again" : "Options"}>
      {before === null ? (
        form
      ) : (
        <details className={classes.fold}>
          <summary>{formatOptions(before)}</summary>
          {form}
        </details>
      )}
    </Panel>
  );
}

/** What has an old key, which may stand beside the new one for some days. */
const GRACED: ReadonlySet<RequestDraft["kind"]> = new Set([
  "rotate-key",
  "rotate-host-key",
  "move-to-authority",
]);

/** Plans a wish again, and goes to what comes of it. */
export function useAnew() {
  const navigate = planRoute.useNavigate();
  const { identityFiles } = useLogins();
  const { mutate, isPending, error } = useMakePlan();
  const makeAnew = (wish: RequestDraft, options: PlanOptions) =>
    mutate(
      { wish, options, identityFiles, mayAsk: true },
      { onSuccess: ({ planId }) => void navigate({ to: ".", search: { id: planId } }) },
    );
  return { makeAnew, isPending, error };
}
