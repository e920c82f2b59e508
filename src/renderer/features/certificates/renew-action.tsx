import { Button } from "@mantine/core";
import { IconCalendarRepeat, IconRefresh } from "@tabler/icons-react";
import { type RequestDraft, usePlanRequest } from "#renderer/api/plan-request.ts";
import type { CertificateRow } from "#shared/model/certificate.ts";

type Certificate = Pick<CertificateRow, "sha256" | "isCa">;

type Props = {
  certificates: readonly Certificate[];
  look: { variant: "default" | "subtle"; size: "xs" | "compact-sm" };
};

/** Replaces certificates wherever they are served, by a plan. Those of authorities are renewed by whoever signed them. */
export function RenewAction({ certificates, look }: Props) {
  const requestPlan = usePlanRequest();
  const renewal = toRenewal(certificates);
  if (!renewal) return null;
  return (
    <Button
      {...look}
      leftSection={<IconRefresh size={15} />}
      title="Have it signed anew, and put in place wherever it is served (r)"
      onClick={() => requestPlan(renewal)}
    >
      Renew
    </Button>
  );
}

/** One plan for all that is past two thirds of its life. */
export function RenewDue() {
  const requestPlan = usePlanRequest();
  return (
    <Button
      variant="default"
      size="xs"
      h={30}
      leftSection={<IconCalendarRepeat size={15} />}
      title="All that are past two thirds of their life, in one plan"
      onClick={() => requestPlan({ kind: "rotate-certificate", isDue: true })}
    >
      Renew what is due
    </Button>
  );
}

/** `r` renews the certificates of the rows. */
export function useCertificateKeys() {
  const requestPlan = usePlanRequest();
  return {
    r: (certificates: readonly Certificate[]) => {
      const renewal = toRenewal(certificates);
      if (renewal) requestPlan(renewal);
    },
  };
}

function toRenewal(certificates: readonly Certificate[]): RequestDraft | null {
  const named = certificates.flatMap(({ sha256, isCa }) => (isCa ? [] : [sha256]));
  return named.length > 0 ? { kind: "rotate-certificate", certificates: named } : null;
}
