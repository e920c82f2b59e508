import { ToggleFacet } from "#renderer/ui/table/facet.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { useOptionalRules, useTurnRule } from "./queries.ts";

/** Turns on and off that each certificate which is replaced is told of. */
export function ChangeRule() {
  const rules = useOptionalRules();
  const { mutate } = useTurnRule();
  const rule = rules?.find((one) => one.rule === "certificate-changed");
  if (!rule) return null;
  return (
    <ToggleFacet
      title="Tell of changed certificates"
      count={undefined}
      isOn={rule.since !== null}
      onChange={(isOn) =>
        mutate(
          { rule: rule.rule, isOn },
          {
            onSuccess: () =>
              toast(
                isOn
                  ? "From now on each certificate that is replaced other than by a run is a finding"
                  : "No more told of",
              ),
          },
        )
      }
    />
  );
}
