import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useCallback, useState } from "react";
import { PlanRequestContext, type RequestDraft } from "#renderer/api/scan-button.tsx";
import { LoginsProvider, useLogins } from "./logins.tsx";
import { formatLack, RequestDialog } from "./plan-dialog.tsx";
import { useMakePlan } from "./queries.ts";

/** Takes wishes from every screen: one that says all is planned at once, of another the rest is asked for. */
export const PlanRequests = ({ children }: { children: ReactNode }) => (
  <LoginsProvider>
    <Requests>{children}</Requests>
  </LoginsProvider>
);

function Requests({ children }: { children: ReactNode }) {
  const [draft, setDraft] = useState<RequestDraft | null>(null);
  const navigate = useNavigate();
  const { identityFiles } = useLogins();
  const { mutate, isPending, error, reset } = useMakePlan();
  const plan = useCallback(
    (wish: RequestDraft) =>
      mutate(
        { wish, identityFiles, mayAsk: true },
        {
          onSuccess: ({ planId }) => {
            setDraft(null);
            void navigate({ to: "/runbooks/plan", search: { id: planId } });
          },
          // Why there is none is said where the wish can be changed.
          onError: () => setDraft((before) => before ?? wish),
        },
      ),
    [identityFiles, mutate, navigate],
  );
  const request = useCallback(
    (wish: RequestDraft) => {
      reset();
      if (formatLack(wish) === null) plan(wish);
      else setDraft(wish);
    },
    [plan, reset],
  );
  return (
    <PlanRequestContext value={request}>
      {children}
      {draft && (
        <RequestDialog
          draft={draft}
          isPlanning={isPending}
          error={error}
          onPlan={plan}
          onClose={() => setDraft(null)}
        />
      )}
    </PlanRequestContext>
  );
}
